// SPDX-License-Identifier: Apache-2.0
// Acts by the 32-bit system calls, which have no tracepoints: of a 32-bit program, and of a 64-bit one by int
// 0x80.
#include <sys/wait.h>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Compat : public SensorTest, public testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        SensorTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        if (sensor_->about().find("without 32-bit") != std::string::npos)
            GTEST_SKIP() << "this kernel refuses the programs that see 32-bit calls";
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        const auto ready =
            stage_->run({"/bin/sh", "-c", "rm -rf /tmp/compat; mkdir /tmp/compat; : >/tmp/compat/there"});
        ASSERT_TRUE(exited(0, ready));
        const auto ran = stage_->run({std::string(kDeedsDir) + "/" + GetParam(), "/tmp/compat"}, options);
        if (!ran || ran->status != 0) GTEST_SKIP() << "this kernel runs no 32-bit calls";
        acts_ = parse_facts(ran->out);
        ASSERT_EQ(acts_.size(), 17u) << ran->out;
    }

    std::vector<Facts> acts_;
};

TEST_P(Compat, Trap48_EveryActIsToldAsWhatItIs) {
    for (const Facts& act : acts_) {
        const std::string error = act.result() < 0 ? ::strerrorname_np(static_cast<int>(-act.result())) : "";
        std::vector<std::pair<std::string, Json>> expected = {
            {"user.id", std::to_string(kAlice.uid)},
            {"event.outcome", act.result() < 0 ? "failure" : "success"},
            {"error.type", error.empty() ? Json() : Json(error)},
        };
        const std::string where = act.deed() == "network.bind"         ? "network.local.address"
                                  : act.deed().starts_with("network.") ? "network.peer.address"
                                                                       : "file.path";
        // The outcome of a TCP connection comes from the network stack, whoever asked for it and however.
        const bool by_the_stack = act.deed() == "network.connect" && act.text("path") == "127.0.0.1";
        expected.emplace_back("whodid.via", by_the_stack ? Json() : Json("32-bit"));
        expected.emplace_back(where, act.text("path"));
        if (where == "network.peer.address") expected.emplace_back("network.peer.port", 1);
        if (act.has("to")) expected.emplace_back("whodid.file.target_path", act.text("to"));
        if (act.deed() == "file.chown") {
            expected.emplace_back("whodid.file.new_owner.id", Json());
            expected.emplace_back("whodid.file.new_group.id", "0");
        }
        if (act.deed() == "file.truncate") expected.emplace_back("whodid.file.length", 5'000'000'000);
        const auto event = sensor_->wait_for(
            {act.deed(), act.pid(), [&](const Json& e) { return at(e, where) == act.text("path"); }});
        ASSERT_TRUE(event) << act.deed() << " " << act.text("path");
        EXPECT_EQ(lacking(*event, expected), "");
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, Compat, testing::Values("compat32", "compat64"),
                         [](const auto& way) { return std::string(way.param); });

}  // namespace
}  // namespace whodid::live
