// SPDX-License-Identifier: Apache-2.0
// One process takes hold of another: the deed for real, and every field of its event.
#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

const std::string kDeed = std::string(kDeedsDir) + "/hold_ways";

class Hold : public SensorTest {
protected:
    Facts do_way(const std::string& way, const RunOptions& options, const std::string& argument = "0") {
        const auto facts = stage_->deed("hold_ways", {way, "/tmp", argument}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    static RunOptions alices_root() {
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        return options;
    }
    std::optional<Json> hold_by(const Facts& facts, const std::string& operation) {
        return sensor_->wait_for({"process.ptrace", facts.pid(), [&](const Json& e) {
                                      return at(e, "whodid.process.operation") == operation;
                                  }});
    }
    /// Its own words for the process that was taken hold of.
    std::string entity_of(long pid) {
        const auto fork = sensor_->wait_for({"process.fork", static_cast<pid_t>(pid), {}});
        return fork ? at(*fork, "whodid.process.entity_id").get<std::string>() : "no fork of it";
    }
};

struct Way {
    const char* name;
    const char* operation;
};
class HoldWay : public Hold, public testing::WithParamInterface<Way> {};

TEST_P(HoldWay, IsTold) {
    const Facts facts = do_way(GetParam().name, alices_root());
    ASSERT_GE(facts.result(), 0) << GetParam().name;
    const auto event = hold_by(facts, GetParam().operation);
    ASSERT_TRUE(event) << "no process.ptrace " << GetParam().operation << " by " << facts.pid();
    const Json bytes = facts.has("bytes") ? Json(facts.number("bytes")) : Json();
    const Json path = facts.has("path") ? Json(facts.text("path")) : Json();
    const Json thread = facts.has("thread") ? Json(facts.number("thread")) : Json();
    EXPECT_EQ(lacking(*event, {{"event.outcome", "success"},
                               {"user.id", std::to_string(kAlice.uid)},
                               {"process.user.id", 0},
                               {"process.executable.path", kDeed},
                               {"whodid.target.process.pid", facts.number("target")},
                               {"whodid.target.process.entity_id", entity_of(facts.number("target"))},
                               {"whodid.target.process.executable.path", kDeed},
                               {"whodid.target.thread.id", thread},
                               {"whodid.target.process.vpid", nullptr},
                               {"whodid.process.operation_bytes", bytes},
                               {"file.path", path},
                               {"error.type", nullptr}}),
              "");
    EXPECT_NE(at(*event, "message")
                  .get<std::string>()
                  .find("took hold of a process: " + std::string(GetParam().operation) + " hold_ways["),
              std::string::npos)
        << event->dump();
    // Hundreds of peeks and pokes are one event.
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    EXPECT_EQ(
        sensor_
            ->all({"process.ptrace", facts.pid(),
                   [&](const Json& e) { return at(e, "whodid.process.operation") == GetParam().operation; }})
            .size(),
        1u);
}

INSTANTIATE_TEST_SUITE_P(Ways, HoldWay,
                         testing::Values(Way{"attach", "attach"}, Way{"seize", "seize"},
                                         Way{"traceme", "traceme"}, Way{"poke", "poke"},
                                         Way{"setregs", "setregs"}, Way{"vm_read", "process_vm_readv"},
                                         Way{"vm_write", "process_vm_writev"}, Way{"getfd", "pidfd_getfd"},
                                         Way{"thread", "seize"}),
                         [](const auto& way) { return std::string(way.param.name); });

TEST_F(Hold, ARefusedOneNamesTheTarget) {
    const Facts facts = do_way("denied", as_user(kAlice), std::to_string(sensor_->pid()));
    ASSERT_EQ(facts.result(), -EPERM);
    const auto event = hold_by(facts, "attach");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"event.outcome", "failure"},
                               {"error.type", "EPERM"},
                               {"process.user.id", kAlice.uid},
                               {"whodid.target.process.pid", sensor_->pid()}}),
              "");
}

TEST_F(Hold, WhereThereIsNoProcessTheNumberIsTold) {
    const Facts facts = do_way("nobody", alices_root());
    ASSERT_EQ(facts.result(), -ESRCH);
    const auto event = hold_by(facts, "attach");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"error.type", "ESRCH"},
                               {"whodid.target.process.vpid", facts.number("asked")},
                               {"whodid.target.process.pid", nullptr},
                               {"whodid.target.process.entity_id", nullptr},
                               {"whodid.target.process.executable.path", nullptr}}),
              "");
}

// In another pid namespace the number that is given is another process' on the host.
TEST_F(Hold, ANumberIsThatOfTheCallersNamespace) {
    const Facts facts = do_way("namespace", alices_root());
    ASSERT_EQ(facts.result(), 0);
    const auto event = hold_by(facts, "attach");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.target.process.pid", facts.number("target")},
                               {"whodid.target.process.executable.path", kDeed},
                               {"whodid.target.process.vpid", nullptr}}),
              "");
}

}  // namespace
}  // namespace whodid::live
