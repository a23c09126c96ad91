// SPDX-License-Identifier: Apache-2.0
// BPF given to the kernel: the deed for real, and every field of its event.
#include <map>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Bpf : public SensorTest {
protected:
    Facts do_way(const std::string& way, const RunOptions& options) {
        EXPECT_TRUE(exited(0, stage_->run({"/bin/mkdir", "-p", "/tmp/bpf_ways"})));
        const auto facts = stage_->deed("bpf_ways", {way, "/tmp/bpf_ways"}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    static RunOptions alices_root() {
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        return options;
    }
    std::optional<Json> call(const Facts& facts, const std::string& command) {
        return sensor_->wait_for({"kernel.bpf", facts.pid(),
                                  [&](const Json& e) { return at(e, "whodid.bpf.command") == command; }});
    }
};

const char *kProgram = "deed_program", *kMap = "deed_map";

struct Way {
    const char* name;
    const char* command;
    const char* object;
    std::vector<std::pair<std::string, Json>> fields;
};
class BpfWay : public Bpf, public testing::WithParamInterface<Way> {};

TEST_P(BpfWay, IsTold) {
    const Way& way = GetParam();
    const Facts facts = do_way(way.name, alices_root());
    ASSERT_GE(facts.result(), 0) << way.name;
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const auto events = sensor_->all({"kernel.bpf", facts.pid(), [&](const Json& e) {
                                          return at(e, "whodid.bpf.command") == way.command;
                                      }});
    ASSERT_EQ(events.size(), 1u) << way.name;
    const bool is_map = way.object == std::string("map"), is_link = way.object == std::string("link");
    const long id = facts.number("id");
    std::map<std::string, Json> expected = {
        {"event.outcome", "success"},
        {"error.type", nullptr},
        {"user.id", std::to_string(kAlice.uid)},
        {"process.user.id", 0},
        {"process.executable.path", std::string(kDeedsDir) + "/bpf_ways"},
        {"whodid.bpf.object.type", way.object},
        {"whodid.bpf.object.id", id},
        {"whodid.bpf.program.id", is_map    ? Json()
                                  : is_link ? Json(facts.number("program"))
                                            : Json(id)},
        {"whodid.bpf.program.name", is_map ? Json() : Json(kProgram)},
        {"whodid.bpf.program.instructions", is_map ? Json() : Json(2)},
        {"whodid.bpf.map.name", is_map ? Json(kMap) : Json()},
        {"whodid.bpf.map.type", is_map ? Json("array") : Json()},
        {"whodid.bpf.program.type", nullptr},
        {"whodid.bpf.link.type", nullptr},
        {"whodid.bpf.attach_type", nullptr},
        {"whodid.bpf.path", facts.has("path") ? Json(facts.text("path")) : Json()},
        {"whodid.bpf.tracepoint", nullptr},
        {"whodid.bpf.user_supplied", nullptr}};
    for (const auto& [key, value] : way.fields) expected[key] = value;
    EXPECT_EQ(lacking(events[0], {expected.begin(), expected.end()}), "");
    EXPECT_NE(
        at(events[0], "message").get<std::string>().find(std::string("gave the kernel BPF: ") + way.command),
        std::string::npos)
        << events[0].dump();
}

const std::pair<std::string, Json> kFilter{"whodid.bpf.program.type", "socket_filter"},
    kLookup{"whodid.bpf.program.type", "sk_lookup"}, kDissector{"whodid.bpf.program.type", "flow_dissector"},
    kAtDissector{"whodid.bpf.attach_type", "flow_dissector"}, kNetLink{"whodid.bpf.link.type", "netns"},
    kOwnWords{"whodid.bpf.user_supplied", true};
INSTANTIATE_TEST_SUITE_P(
    Ways, BpfWay,
    testing::Values(Way{"load", "PROG_LOAD", "program", {kFilter}}, Way{"map", "MAP_CREATE", "map", {}},
                    Way{"freeze", "MAP_FREEZE", "map", {}},
                    Way{"program_by_id", "PROG_GET_FD_BY_ID", "program", {kFilter}},
                    Way{"map_by_id", "MAP_GET_FD_BY_ID", "map", {}},
                    Way{"pin", "OBJ_PIN", "map", {kOwnWords}}, Way{"get", "OBJ_GET", "map", {kOwnWords}},
                    Way{"link",
                        "LINK_CREATE",
                        "link",
                        {kLookup, kNetLink, kOwnWords, {"whodid.bpf.attach_type", "sk_lookup"}}},
                    Way{"link_update", "LINK_UPDATE", "link", {kLookup, kNetLink}},
                    Way{"link_detach", "LINK_DETACH", "link", {kLookup, kNetLink}},
                    Way{"link_by_id", "LINK_GET_FD_BY_ID", "link", {kLookup, kNetLink}},
                    Way{"attach", "PROG_ATTACH", "program", {kDissector, kAtDissector, kOwnWords}},
                    Way{"detach", "PROG_DETACH", "program", {kDissector, kAtDissector, kOwnWords}},
                    Way{"raw_tracepoint",
                        "RAW_TRACEPOINT_OPEN",
                        "link",
                        {kOwnWords,
                         {"whodid.bpf.program.type", "raw_tracepoint"},
                         {"whodid.bpf.link.type", "raw_tracepoint"},
                         {"whodid.bpf.tracepoint", "sched_process_fork"}}}),
    [](const auto& way) { return std::string(way.param.name); });

TEST_F(Bpf, ARefusedLoadTellsWhatWasAskedFor) {
    const Facts facts = do_way("load_denied", as_user(kAlice));
    if (facts.result() >= 0) GTEST_SKIP() << "everybody may load programs here";
    const auto event = call(facts, "PROG_LOAD");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"event.outcome", "failure"},
                               {"error.type", "EPERM"},
                               {"process.user.id", kAlice.uid},
                               {"whodid.bpf.object.type", "program"},
                               {"whodid.bpf.object.id", nullptr},
                               {"whodid.bpf.program.id", nullptr},
                               {"whodid.bpf.program.name", kProgram},
                               {"whodid.bpf.program.type", "kprobe"},
                               {"whodid.bpf.program.instructions", 2},
                               {"whodid.bpf.user_supplied", true}}),
              "");
}

TEST_F(Bpf, ANumberThatIsNobodysIsTold) {
    const Facts facts = do_way("no_such_id", alices_root());
    ASSERT_EQ(facts.result(), -ENOENT);
    const auto event = call(facts, "PROG_GET_FD_BY_ID");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"error.type", "ENOENT"},
                               {"whodid.bpf.object.id", facts.number("id")},
                               {"whodid.bpf.object.type", nullptr},
                               {"whodid.bpf.program.name", nullptr}}),
              "");
}

// Thousands of them a second are a tracer's daily work.
TEST_F(Bpf, WhatIsWrittenIntoAMapIsNotTold) {
    const Facts facts = do_way("updates", alices_root());
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const auto calls = sensor_->all({"kernel.bpf", facts.pid(), {}});
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(at(calls[0], "whodid.bpf.command"), "MAP_CREATE");
}

// traps.md 46: attaching is a bpf(2) call of the sensor's own, seen by the hooks that are attached already.
TEST_F(Bpf, Trap46_TheSensorsOwnAreNotTold) {
    auto sensor = Sensor::start();
    ASSERT_TRUE(worked(sensor));
    EXPECT_TRUE((*sensor)->all({"kernel.bpf", (*sensor)->pid(), {}}).empty());
    EXPECT_TRUE(worked((*sensor)->stop()));
}

}  // namespace
}  // namespace whodid::live
