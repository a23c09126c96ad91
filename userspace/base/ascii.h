// SPDX-License-Identifier: Apache-2.0
// Letters without their case, in ASCII alone: names in files and on the wire have no locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace whodid {

constexpr char to_lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string to_lower_ascii(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) { return to_lower_ascii(c); });
    return lower;
}

/// Whether `text` is `lower`, but for the case of letters. `lower` has none in capitals.
constexpr bool equals_lower_ascii(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower, {}, [](char c) { return to_lower_ascii(c); });
}

}  // namespace whodid
