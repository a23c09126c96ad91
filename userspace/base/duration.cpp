// SPDX-License-Identifier: Apache-2.0
// Durations as people write them.
#include "base/duration.h"

#include <algorithm>
#include <charconv>

namespace whodid {

namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr Unit kTimes[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};

/// Takes a number off the front of `text`.
std::optional<double> take_number(std::string_view& text) {
    double number = 0;
    if (text.find_first_of("0123456789.") != 0) return std::nullopt;  // "nan" and "inf" are numbers to it
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::optional<double> take_time_unit(std::string_view& text) {
    const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
    for (const Unit& unit : kTimes) {
        if (text.substr(0, length) != unit.name) continue;
        text.remove_prefix(length);
        return unit.factor;
    }
    return std::nullopt;
}

}  // namespace

std::optional<double> read_duration_ns(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::string_view rest = text;
    const auto plain = take_number(rest);
    if (plain && rest.empty()) return *plain * 1e9;
    double sum = 0;
    for (rest = text; !rest.empty();) {
        const auto number = take_number(rest);
        const auto factor = number ? take_time_unit(rest) : std::nullopt;
        if (!factor) return std::nullopt;
        sum += *number * *factor;
    }
    return sum;
}

}  // namespace whodid
