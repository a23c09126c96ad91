// SPDX-License-Identifier: Apache-2.0
// Events read back from their lines, and what is no event.
#include "event/event_line.h"

#include <gtest/gtest.h>

#include "made_event.h"
#include "sink/json_encode.h"

namespace whodid {
namespace {

std::string refusal(std::string_view line) {
    const auto event = read_event_line(line);
    return event ? "" : event.error().message;
}

struct ReadBack : testing::Test, test::Maker {
    static EventLine read(const Event& event, JsonShape shape = JsonShape::kNested) {
        if (event.process) event.process->rendered = {};  // for one encoder
        std::string line;
        JsonEncoder(shape).append(event, line);
        auto again = read_event_line(line);
        EXPECT_TRUE(again) << line;
        return again ? *again : EventLine();
    }
};

TEST_F(ReadBack, BothFormatsSayTheSame) {
    Event made = file(REC_FILE_OPEN, "/etc/shadow", alice(0, "/usr/bin/vim.basic"), -EACCES);
    made.tags = keep(std::string("credentials\0", 12));
    for (const JsonShape shape : {JsonShape::kNested, JsonShape::kFlat}) {
        const EventLine event = read(made, shape);
        EXPECT_EQ(event.time_ns, kWallNs);
        EXPECT_EQ(event.kind, "file.open");
        EXPECT_EQ(event.outcome, "failure");
        EXPECT_EQ(event.error, "EACCES");
        EXPECT_EQ(event.exe, "/usr/bin/vim.basic");
        EXPECT_EQ(event.path, "/etc/shadow");
        EXPECT_EQ(event.access, "r");
        EXPECT_EQ(event.user_name, "alice");
        EXPECT_EQ(event.user_id, "1004");
        EXPECT_EQ(event.user_basis, "kernel");
        EXPECT_EQ(event.container_id, "");
        EXPECT_EQ(event.exit_signal, "");
        EXPECT_TRUE(event.is_tagged);
        EXPECT_FALSE(event.is_user_supplied);
    }
}

TEST_F(ReadBack, WhatIsNotThereIsEmpty) {
    const EventLine event = read(sensor(REC_SENSOR_LOSS, "lost"));
    EXPECT_EQ(event.kind, "sensor.loss");
    EXPECT_EQ(event.exe + event.path + event.user_id + event.user_basis + event.error, "");
    EXPECT_FALSE(event.is_tagged);
}

TEST(EventLine, MembersOfListsAndOfOtherTypesAreNotTaken) {
    const auto event = read_event_line(
        R"({"x":[{"time":"no","user":{"name":"no"}},["no"]],"time":"2026-01-02T03:04:05Z","user":{"name":7},)"
        R"("event":{"name":"whodid.file.open","more":{"name":"no"}},"process":[{"executable":{"path":"no"}}],)"
        R"("file.path":"/a","whodid":{"file":{"user_supplied":true},"n":null,"d":1.5,"i":-1,"tags":"no"}})");
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(event->kind, "file.open");
    EXPECT_EQ(event->path, "/a");
    EXPECT_EQ(event->user_name + event->exe, "");
    EXPECT_TRUE(event->is_user_supplied);
    EXPECT_FALSE(event->is_tagged);
}

TEST(EventLine, ATimeMayHaveFewerDigits) {
    const auto at = [](const std::string& time) {
        const auto event = read_event_line(R"({"time":")" + time + R"(","event.name":"whodid.x"})");
        return event ? event->time_ns : 0;
    };
    EXPECT_EQ(at("1970-01-01T00:00:01Z"), 1'000'000'000u);
    EXPECT_EQ(at("2026-11-24T14:02:31.118204411Z"), test::Maker::kWallNs);
    EXPECT_EQ(at("2026-11-24T14:02:31.1Z"), 1795528951100000000u);
    EXPECT_EQ(at("2024-02-29T00:00:00Z"), 1709164800000000000u);
    for (const char* wrong :
         {"", "2026-11-24", "2026-11-24T14:02:31", "2026-11-24T14:02:31.Z", "2026-11-24T14:02:31.1234567890Z",
          "2026-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-24T24:00:00Z", "2026-11-24T14:60:00Z",
          "2026-11-24 14:02:31Z", "2026-13-01T00:00:00Z", "2x26-11-24T14:02:31Z", "9999-01-01T00:00:00Z"})
        EXPECT_EQ(at(wrong), 0u) << wrong;
}

TEST(EventLine, WhatIsNoEventIsToldWhy) {
    const std::string whole = R"({"time":"2026-01-02T03:04:05Z","event":{"name":"whodid.file.open"}})";
    EXPECT_EQ(refusal(whole), "");
    EXPECT_EQ(refusal(""), "it is empty");
    for (std::size_t i = 1; i < whole.size(); ++i)
        EXPECT_EQ(refusal(whole.substr(0, i)), "it is cut short") << whole.substr(0, i);
    EXPECT_EQ(refusal("whodid: ready"), "it is not JSON from byte 1 on");
    EXPECT_EQ(refusal(whole + whole), "it is not JSON from byte 68 on");
    EXPECT_EQ(refusal("{\"a\":\"\xff\"}"), "it is not JSON from byte 7 on");
    EXPECT_EQ(refusal("[1]"), "it is JSON, but no object");
    EXPECT_EQ(refusal("\"x\""), "it is JSON, but no object");
    EXPECT_EQ(refusal("[{}]"), "it is JSON, but no object");
    EXPECT_EQ(refusal("{}"), "it has no event.name of whodid's");
    EXPECT_EQ(refusal(R"({"time":"2026-01-02T03:04:05Z","event":{"name":"nginx.access"}})"),
              "it has no event.name of whodid's");
    EXPECT_EQ(refusal(R"({"time":"2026-01-02T03:04:05Z","event":{"name":"whodid."}})"),
              "it has no event.name of whodid's");
    EXPECT_EQ(refusal(R"({"event":{"name":"whodid.file.open"}})"),
              "it has no time like 2026-11-24T14:02:31.118204411Z");
}

TEST(EventLine, DepthCostsNoStack) {
    const std::size_t depth = kEventLineBytesMax / 2;
    EXPECT_EQ(refusal(std::string(depth, '[') + std::string(depth, ']')), "it is JSON, but no object");
    std::string objects;
    while (objects.size() < depth) objects += R"({"a":)";
    EXPECT_EQ(refusal(objects), "it is cut short");
}

}  // namespace
}  // namespace whodid
