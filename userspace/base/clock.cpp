// SPDX-License-Identifier: Apache-2.0
// Boot clock to wall clock, and times as text.
#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace whodid {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t now_ns(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

char* digits(char* out, unsigned value, int width) {
    for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
    return out + width;
}

/// Days since 1970-01-01 to a calendar date (Howard Hinnant, "chrono-compatible low-level date algorithms").
void civil_from_days(std::int64_t days, unsigned& year, unsigned& month, unsigned& day) {
    days += 719468;
    const auto era = days / 146097;
    const auto doe = static_cast<unsigned>(days - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    day = doy - (153 * mp + 2) / 5 + 1;
    month = mp < 10 ? mp + 3 : mp - 9;
    year = static_cast<unsigned>(yoe + era * 400 + (month <= 2 ? 1 : 0));
}

}  // namespace

std::uint64_t boot_now_ns() { return now_ns(CLOCK_BOOTTIME); }
std::uint64_t wall_now_ns() { return now_ns(CLOCK_REALTIME); }
std::uint64_t monotonic_now_ns() { return now_ns(CLOCK_MONOTONIC); }
std::uint64_t cpu_used_ns() { return now_ns(CLOCK_PROCESS_CPUTIME_ID); }

ClockAnchor ClockAnchor::now() { return {boot_now_ns(), wall_now_ns()}; }

void format_rfc3339(std::uint64_t wall_ns, char* out) {
    const std::uint64_t seconds = wall_ns / kSecond;
    const auto of_day = static_cast<unsigned>(seconds % 86400);
    unsigned year = 0, month = 0, day = 0;
    civil_from_days(static_cast<std::int64_t>(seconds / 86400), year, month, day);
    out = digits(out, year, 4);
    *out++ = '-';
    out = digits(out, month, 2);
    *out++ = '-';
    out = digits(out, day, 2);
    *out++ = 'T';
    out = digits(out, of_day / 3600, 2);
    *out++ = ':';
    out = digits(out, of_day / 60 % 60, 2);
    *out++ = ':';
    out = digits(out, of_day % 60, 2);
    *out++ = '.';
    out = digits(out, static_cast<unsigned>(wall_ns % kSecond), 9);
    *out = 'Z';
}

std::string format_clock(std::uint64_t wall_ns, bool local) {
    const auto seconds = static_cast<std::time_t>(wall_ns / kSecond);
    std::tm t{};
    local ? localtime_r(&seconds, &t) : gmtime_r(&seconds, &t);
    return fmt::format("{:02}:{:02}:{:02}.{:03}", t.tm_hour, t.tm_min, t.tm_sec,
                       wall_ns % kSecond / 1'000'000);
}

std::string format_duration(std::uint64_t ns) {
    const std::uint64_t s = ns / kSecond;
    if (ns < 1'000'000) return fmt::format("{}us", ns / 1000);
    if (s < 1) return fmt::format("{}ms", ns / 1'000'000);
    if (s < 60) return fmt::format("{}s", s);
    if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
    if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
    return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

std::string format_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{}", bytes);
    double value = static_cast<double>(bytes);
    const char* unit = "KMGTP";
    for (value /= 1000; value >= 999.5 && unit[1]; value /= 1000) ++unit;
    return value < 9.95 ? fmt::format("{:.1f}{}", value, *unit) : fmt::format("{:.0f}{}", value, *unit);
}

std::string with_commas(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

}  // namespace whodid
