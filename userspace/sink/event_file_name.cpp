// SPDX-License-Identifier: Apache-2.0
// Names of event files.
#include "sink/event_file_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/clock.h"

namespace whodid {

namespace {

constexpr std::size_t kSeriesMax = 15, kBegunLength = 16;

bool is_begun(std::string_view text) {
    constexpr std::string_view kPattern = "00000000T000000Z";
    return std::ranges::equal(text, kPattern, [](char c, char pattern) {
        return pattern == '0' ? c >= '0' && c <= '9' : c == pattern;
    });
}

}  // namespace

std::string EventFileName::stem() const { return fmt::format("{}-{}-{:06}", series, begun, sequence); }

std::uint64_t EventFileName::begun_ns() const {
    std::tm time{};
    ::strptime(begun.c_str(), "%Y%m%dT%H%M%SZ", &time);
    return static_cast<std::uint64_t>(std::max<std::time_t>(::timegm(&time), 0)) * 1'000'000'000;
}

std::optional<EventFilePart> parse_event_file_name(std::string_view file) {
    const std::size_t dash = file.find('-');
    if (dash == 0 || dash == std::string_view::npos || dash > kSeriesMax) return std::nullopt;
    const std::string_view series = file.substr(0, dash);
    if (!std::ranges::all_of(series, [](char c) { return c >= 'a' && c <= 'z'; })) return std::nullopt;
    file.remove_prefix(dash + 1);
    if (file.size() < kBegunLength + 2 || file[kBegunLength] != '-') return std::nullopt;
    const std::string_view begun = file.substr(0, kBegunLength);
    if (!is_begun(begun)) return std::nullopt;
    file.remove_prefix(kBegunLength + 1);
    std::uint64_t sequence = 0;
    const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), sequence);
    if (error != std::errc() || sequence == 0) return std::nullopt;
    EventFilePart part{{std::string(series), std::string(begun), sequence},
                       std::string(end, file.data() + file.size())};
    // "12" and "000012" would be two names of one file.
    const std::string stem = part.name.stem();
    const std::string_view digits(file.data(), static_cast<std::size_t>(end - file.data()));
    if (!stem.ends_with(fmt::format("-{}", digits))) return std::nullopt;
    return part;
}

EventFileName event_file_name(std::string_view series, std::uint64_t begun_ns, std::uint64_t sequence) {
    char text[kRfc3339Length];  // 2026-11-30T15:21:00.123456789Z
    format_rfc3339(begun_ns, text);
    std::string begun;
    for (const char c : std::string_view(text, 19))
        if (c != '-' && c != ':') begun += c;
    return {std::string(series), begun + "Z", sequence};
}

}  // namespace whodid
