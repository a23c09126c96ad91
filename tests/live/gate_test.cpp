// SPDX-License-Identifier: Apache-2.0
// The gate: what is left in the kernel is what the filter would have thrown away, and nothing else.
#include <map>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

constexpr const char* kTop = "/tmp/gated";

bool is_of_load(const Json& event) {
    const std::string kind = text_at(event, "event.name");
    if (kind == "whodid.network.connect")
        return text_at(event, "network.peer.address").starts_with("192.0.2.");
    return kind.starts_with("whodid.file.") && text_at(event, "file.path").starts_with(kTop);
}

using Totals = std::map<std::string, long>;

struct Way {
    const char* name;
    std::string filter;
    bool (*meets)(const Json&);
    const char* gated;  // a kind of which some are left in the kernel
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

bool is_of(const Json& event, const char* kind) { return text_at(event, "event.name") == kind; }

class Gate : public SensorTest {
protected:
    /// Acts of the load by what they are. `meets` null: all.
    static Totals totals(Sensor& sensor, bool (*meets)(const Json&)) {
        Totals totals;
        for (const Json& event : sensor.all({"", 0, is_of_load})) {
            if (meets && !meets(event)) continue;
            std::string sort;
            for (const char* key : {"event.name", "error.type", "file.path", "whodid.file.access",
                                    "network.peer.address", "network.peer.port"})
                sort += text_at(event, key) + " ";
            ++totals[sort];
        }
        return totals;
    }
    static long gated(const Json& ledger, const std::string& kind) {
        const Json count = at(ledger["kinds"].value(kind, Json::object()), "gated");
        return count.is_null() ? 0 : count.get<long>();
    }
    std::optional<Json> tampering(Sensor& sensor, const std::string& what) {
        return sensor.wait_for({"sensor.tamper", 0, [&](const Json& e) {
                                    return at(e, "whodid.sensor.text").get<std::string>().starts_with(what);
                                }});
    }
};

class GateBy : public Gate, public testing::WithParamInterface<Way> {};

TEST_P(GateBy, TellsWhatTheFilterKeepsAndNoMoreComesOut) {
    const Way& way = GetParam();
    auto gating = Sensor::start({"--filter", way.filter});
    ASSERT_TRUE(worked(gating));
    RunOptions options = as_user(kRoot);  // of no login: a service
    options.limit = milliseconds(60'000);
    const auto facts = stage_->deed("repeats", {kTop, "2000", "2", "100", "7"}, options);
    ASSERT_TRUE(worked(facts));
    const auto done = stage_->run({"/bin/true", "gated-acts-are-over"});
    ASSERT_TRUE(exited(0, done));
    ASSERT_TRUE(sensor_->wait_for({"process.exit", done->pid, {}}));
    const auto said = (*gating)->stop();
    ASSERT_TRUE(worked(said));
    const Json ledger = ledger_of(*said);
    EXPECT_EQ(ledger["balanced"], true) << ledger["imbalances"];
    const Totals wanted = totals(*sensor_, way.meets);
    EXPECT_GT(wanted.size(), 0u);
    EXPECT_EQ(totals(**gating, nullptr), wanted);
    EXPECT_GT(gated(ledger, way.gated), 100) << ledger["kinds"];
    RecordProperty("gated", std::to_string(gated(ledger, way.gated)));
}

INSTANTIATE_TEST_SUITE_P(
    Ways, GateBy,
    testing::Values(Way{"Kind", "kind == connect",
                        [](const Json& e) { return is_of(e, "whodid.network.connect"); }, "file.open"},
                    Way{"Access", "kind == open and access in {\"w\", \"rw\"}",
                        [](const Json& e) {
                            return is_of(e, "whodid.file.open") && text_at(e, "whodid.file.access") != "r";
                        },
                        "file.open"},
                    Way{"Error", "kind == open and error == \"ENOENT\"",
                        [](const Json& e) {
                            return is_of(e, "whodid.file.open") && text_at(e, "error.type") == "ENOENT";
                        },
                        "file.open"},
                    Way{"Login", "exists user or kind == file.unlink",
                        [](const Json& e) { return is_of(e, "whodid.file.unlink"); }, "file.open"},
                    Way{"Port", "dport == 4001",
                        [](const Json& e) { return text_at(e, "network.peer.port") == "4001"; },
                        "network.connect"},
                    Way{"Network", "peer in {192.0.2.0/30}",
                        [](const Json& e) {
                            const std::string peer = text_at(e, "network.peer.address");
                            return peer == "192.0.2.1" || peer == "192.0.2.2" || peer == "192.0.2.3";
                        },
                        "network.connect"}),
    [](const auto& way) { return std::string(way.param.name); });

TEST_F(Gate, WhoeverOpensWhatTheSensorWritesIsToldOf) {
    auto gating = Sensor::start({"exec"});
    ASSERT_TRUE(worked(gating));
    const auto read = run_in(this_world(), {"/bin/cat", (*gating)->output()}, {});
    ASSERT_TRUE(worked(read));
    EXPECT_TRUE(tampering(**gating, "read of the sensor's output"));
    const std::string memory = "/proc/" + std::to_string((*gating)->pid()) + "/mem";
    ASSERT_TRUE(worked(run_in(this_world(), {"/usr/bin/head", "-c1", memory}, {})));
    EXPECT_TRUE(tampering(**gating, "read of the sensor's memory"));
    const auto said = (*gating)->stop();
    ASSERT_TRUE(worked(said));
    EXPECT_GT(gated(ledger_of(*said), "file.open"), 0);
}

}  // namespace
}  // namespace whodid::live
