// SPDX-License-Identifier: Apache-2.0
// Which event files have had their time: by age, by size, never what is held or written to.
#include "sink/retention.h"

#include <gtest/gtest.h>

#include <string>

#include "sink/settings.h"

namespace whodid {
namespace {

constexpr std::uint64_t kNow = 1000 * kDayNs;

StoredFile file(std::string_view series, std::uint64_t sequence, std::uint64_t age_days,
                std::uint64_t bytes = 100) {
    return {event_file_name(series, kNow - age_days * kDayNs, sequence), bytes, kNow - age_days * kDayNs};
}

std::string names(const std::vector<EventFileName>& files) {
    std::string text;
    for (const EventFileName& name : files) text += name.series + std::to_string(name.sequence) + " ";
    return text;
}

constexpr KeepLimits kDefaults{90 * kDayNs, 7 * kDayNs, 1000};

TEST(Retention, ByAgeEachSeriesItsOwn) {
    const auto plan = plan_retention(
        {file("events", 1, 8), file("events", 2, 7), file("vital", 1, 91), file("vital", 2, 89)}, kDefaults,
        kNow);
    EXPECT_EQ(names(plan.remove), "events1 vital1 ");
    EXPECT_EQ(plan.bytes_over, 0u);
}

TEST(Retention, BySizeOldestFirstEventsBeforeVital) {
    const std::vector<StoredFile> files = {file("vital", 1, 80, 400), file("events", 3, 1, 300),
                                           file("events", 2, 2, 300), file("vital", 2, 3, 400)};
    EXPECT_EQ(names(plan_retention(files, kDefaults, kNow).remove), "events2 events3 ");
    KeepLimits small = kDefaults;
    small.bytes = 1399;
    EXPECT_EQ(names(plan_retention(files, small, kNow).remove), "events2 ");
    small.bytes = 500;
    EXPECT_EQ(names(plan_retention(files, small, kNow).remove), "events2 events3 vital1 ");
    small.bytes = 1400;
    EXPECT_EQ(names(plan_retention(files, small, kNow).remove), "");
}

TEST(Retention, WhatIsWrittenToStays) {
    std::vector<StoredFile> files = {file("events", 1, 30, 5000)};
    files[0].is_active = true;
    const auto plan = plan_retention(files, kDefaults, kNow);
    EXPECT_EQ(names(plan.remove), "");
    EXPECT_EQ(plan.bytes_over, 4000u);
}

TEST(Retention, WhatIsHeldStaysAndIsNamed) {
    std::vector<StoredFile> files = {file("events", 1, 30), file("events", 2, 1, 900),
                                     file("events", 3, 0, 300)};
    files[0].is_held = files[1].is_held = true;
    const auto plan = plan_retention(files, kDefaults, kNow);
    EXPECT_EQ(names(plan.held), "events1 events2 ");
    EXPECT_EQ(names(plan.remove), "events3 ");
    EXPECT_EQ(plan.bytes_over, 0u);
}

TEST(Retention, NoLimits) {
    const auto plan = plan_retention({file("events", 1, 900, 1u << 30)}, {}, kNow);
    EXPECT_EQ(names(plan.remove), "");
    EXPECT_EQ(plan.bytes_over, 0u);
}

TEST(Retention, AFileOfTheFutureIsNotOld) {
    StoredFile future = file("events", 1, 0);
    future.newest_ns = kNow + 30 * kDayNs;
    EXPECT_EQ(names(plan_retention({future}, kDefaults, kNow).remove), "");
}

TEST(EventFileName, ThereAndBack) {
    const EventFileName name = event_file_name("events", 1'796'052'060'123'456'789, 12);
    EXPECT_EQ(name.stem(), "events-20261130T152100Z-000012");
    EXPECT_EQ(name.begun_ns(), 1'796'052'060'000'000'000u);
    const auto part = parse_event_file_name("events-20261130T152100Z-000012.jsonl.zst");
    ASSERT_TRUE(part);
    EXPECT_EQ(part->name, name);
    EXPECT_EQ(part->ending, ".jsonl.zst");
    EXPECT_EQ(parse_event_file_name("vital-20261130T152100Z-1234567.hold")->name.sequence, 1234567u);
}

TEST(EventFileName, WhatIsNone) {
    for (const char* other :
         {"", "events", "events-", "-20261130T152100Z-000012.jsonl", "events-20261130T152100-000012.jsonl",
          "events-20261130T152100Z-.jsonl", "events-20261130T152100Z-12.jsonl",
          "events-20261130T152100Z-000000.jsonl", "events-20261130T152100Z-0000012.jsonl",
          "Events-20261130T152100Z-000012.jsonl", "erasures.journal", "HOLD",
          "events-20261130T152100Z-99999999999999999999.jsonl", "a/b-20261130T152100Z-000012.jsonl"})
        EXPECT_FALSE(parse_event_file_name(other)) << other;
}

}  // namespace
}  // namespace whodid
