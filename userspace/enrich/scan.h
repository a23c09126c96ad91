// SPDX-License-Identifier: Apache-2.0
// Small steps over untrusted text, shared by the parsers of this room. Views are borrowed, nothing is copied.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace whodid {

/// Drops `prefix` from the front of `text` when it is there; says whether it was.
inline bool consume(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Drops `suffix` from the end of `text` when it is there; says whether it was.
inline bool consume_back(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
}

/// Cuts `text` at the first `stop`: returns what was before it, leaves what is after it. Without a `stop`
/// returns everything and leaves nothing.
inline std::string_view take_until(std::string_view& text, char stop) {
    const std::size_t end = text.find(stop);
    const std::string_view taken = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    return taken;
}

/// All of `text` as a decimal number: no sign, no blank, no overflow.
template <std::unsigned_integral T>
std::optional<T> parse_decimal(std::string_view text) {
    T value{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

/// A uid, gid or audit session. 4294967295 is the kernel's "unset", so it gives nullopt and never a number.
inline std::optional<std::uint32_t> parse_id(std::string_view text) {
    const auto id = parse_decimal<std::uint32_t>(text);
    return id == UINT32_MAX ? std::nullopt : id;
}

/// 0 to 15, or -1 when `c` is no hexadecimal digit.
inline int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// What comes before the NUL that ends a C string, without the newlines and blanks at its end.
inline std::string_view c_text(std::string_view text) {
    text = text.substr(0, text.find('\0'));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace whodid
