// SPDX-License-Identifier: Apache-2.0
// Percent encoding (RFC 3986, section 2.1).
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// The byte that "%41" at the beginning of `text` stands for.
inline std::optional<char> percent_byte(std::string_view text) {
    unsigned byte = 0;
    if (text.size() < 3 || text[0] != '%') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
    if (error != std::errc{} || end != text.data() + 3) return std::nullopt;
    return static_cast<char>(byte);
}

/// `text` with every "%41" decoded; a percent sign without two digits stays as it is, and `is_clean`, where
/// given, becomes false. A plus sign is one.
inline std::string percent_decode(std::string_view text, bool* is_clean = nullptr) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = percent_byte(text.substr(at));
        if (!byte && text[at] == '%' && is_clean) *is_clean = false;
        decoded += byte.value_or(text[at]);
        if (byte) at += 2;
    }
    return decoded;
}

}  // namespace whodid
