// SPDX-License-Identifier: Apache-2.0
// Clocks and their texts.
#include "base/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::string rfc3339(std::uint64_t wall_ns) {
    std::string text(kRfc3339Length, '\0');
    format_rfc3339(wall_ns, text.data());
    return text;
}

TEST(Clock, Rfc3339) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000000000Z");
    EXPECT_EQ(rfc3339(1), "1970-01-01T00:00:00.000000001Z");
    EXPECT_EQ(rfc3339(1795528951 * kSecond + 118204411), "2026-11-24T14:02:31.118204411Z");
    EXPECT_EQ(rfc3339(951782400 * kSecond), "2000-02-29T00:00:00.000000000Z");
    EXPECT_EQ(rfc3339(4107542399 * kSecond + 999'999'999), "2100-02-28T23:59:59.999999999Z");
    EXPECT_EQ(rfc3339(4107542400 * kSecond), "2100-03-01T00:00:00.000000000Z");
    EXPECT_EQ(rfc3339(~std::uint64_t{0}), "2554-07-21T23:34:33.709551615Z");
}

TEST(Clock, Rfc3339AgreesWithLibc) {
    for (std::uint64_t seconds = 0; seconds < 8'000'000'000; seconds += 86'399 * 37) {
        const auto t = static_cast<std::time_t>(seconds);
        std::tm tm{};
        gmtime_r(&t, &tm);
        char text[32];
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
        ASSERT_EQ(rfc3339(seconds * kSecond), text);
    }
}

TEST(Clock, AnchorGoesBothWays) {
    const ClockAnchor anchor{500 * kSecond, 1'700'000'000 * kSecond};
    EXPECT_EQ(anchor.wall(500 * kSecond), 1'700'000'000 * kSecond);
    EXPECT_EQ(anchor.wall(501 * kSecond), 1'700'000'001 * kSecond);
    EXPECT_EQ(anchor.wall(499 * kSecond), 1'699'999'999 * kSecond);
    EXPECT_EQ(anchor.wall(0), 1'699'999'500 * kSecond);
}

TEST(Clock, NowIsOfOneMoment) {
    const ClockAnchor anchor = ClockAnchor::now();
    const std::uint64_t boot = boot_now_ns(), wall = wall_now_ns();
    EXPECT_NEAR(static_cast<double>(anchor.wall(boot)), static_cast<double>(wall), 1e9);
}

TEST(Clock, OfDay) {
    EXPECT_EQ(format_clock(1795528951 * kSecond + 118204411), "14:02:31.118");
    EXPECT_EQ(format_clock(0), "00:00:00.000");
}

TEST(Clock, Durations) {
    const std::pair<std::uint64_t, const char*> cases[] = {{0, "0us"},
                                                           {999'999, "999us"},
                                                           {1'000'000, "1ms"},
                                                           {84'900'000, "84ms"},
                                                           {kSecond, "1s"},
                                                           {59 * kSecond, "59s"},
                                                           {60 * kSecond, "1m00s"},
                                                           {123 * kSecond, "2m03s"},
                                                           {3600 * kSecond, "1h00m"},
                                                           {3720 * kSecond, "1h02m"},
                                                           {86400 * kSecond, "1d00h"},
                                                           {273600 * kSecond, "3d04h"}};
    for (const auto& [ns, text] : cases) EXPECT_EQ(format_duration(ns), text);
}

TEST(Clock, Bytes) {
    const std::pair<std::uint64_t, const char*> cases[] = {
        {0, "0"},          {999, "999"},        {1000, "1.0K"},          {1234, "1.2K"},
        {9949, "9.9K"},    {9950, "10K"},       {48'000, "48K"},         {999'499, "999K"},
        {999'500, "1.0M"}, {3'400'000, "3.4M"}, {1'500'000'000, "1.5G"}, {~std::uint64_t{0}, "18447P"}};
    for (const auto& [bytes, text] : cases) EXPECT_EQ(format_bytes(bytes), text);
}

TEST(Clock, Numbers) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(1234567), "1,234,567");
}

}  // namespace
}  // namespace whodid
