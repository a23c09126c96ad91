// SPDX-License-Identifier: Apache-2.0
// Kinds of bytes and small steps over text, shared by the files of the masking engine. Nothing is copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace whodid::mask_engine {

using std::string_view;

inline constexpr size_t kNpos = string_view::npos;
/// How far back a name before "=" is sought; keeps "a=a=a=..." linear.
inline constexpr size_t kMaxName = 64;
/// How far a scanner looks for what belongs to a thing it has found, for the same reason.
inline constexpr size_t kMaxLookahead = 256;

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_letter(char c) { return is_lower(c) || is_upper(c); }
inline bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
inline bool is_quote(char c) { return c == '"' || c == '\''; }
/// Of the name of a shell variable.
inline bool is_variable_byte(char c) { return is_alnum(c) || c == '_'; }
/// Of the name of an option, key or header.
inline bool is_name_byte(char c) { return is_variable_byte(c) || c == '-' || c == '.'; }
inline bool has(string_view set, char c) { return set.find(c) != kNpos; }
inline bool has_blank(string_view text) { return text.find_first_of(" \t\n") != kNpos; }
/// Without small letters, as the names of environment variables are.
inline bool is_shouted(string_view text) { return std::none_of(text.begin(), text.end(), is_lower); }

/// Where the first of `stops` (bytes, or one byte) is at or after `at`; the end of `text` if there is none.
inline size_t find_stop(string_view text, string_view stops, size_t at) {
    return std::min(text.find_first_of(stops, at), text.size());
}
inline size_t find_stop(string_view text, char stop, size_t at) {
    return std::min(text.find(stop, at), text.size());
}
/// Where the first byte that is none of `set` is at or after `at`; the end of `text` if there is none.
inline size_t skip(string_view text, string_view set, size_t at) {
    return std::min(text.find_first_not_of(set, at), text.size());
}
/// Where the blanks before `end` begin, at most eight of them.
inline size_t skip_blanks_back(string_view text, size_t end) {
    for (int n = 0; n < 8 && end > 0 && is_blank(text[end - 1]); ++n) --end;
    return end;
}

/// Where `part`, a view into `text`, begins in it.
inline size_t offset_in(string_view text, string_view part) {
    return static_cast<size_t>(part.data() - text.data());
}
/// The `count` bytes before `at`, or as many as there are.
inline string_view bytes_before(string_view text, size_t at, size_t count) {
    count = std::min(at, count);
    return text.substr(at - count, count);
}
/// The name that ends right before `end`; empty if there is none.
inline string_view name_before(string_view text, size_t end) {
    size_t begin = end;
    while (begin > 0 && end - begin < kMaxName && is_name_byte(text[begin - 1])) --begin;
    return text.substr(begin, end - begin);
}
inline string_view without_dashes(string_view name) { return name.substr(skip(name, "-", 0)); }

/// Calls `f(begin, end)` for each line; a "\n" or "\r" spelled out, as in printf arguments, ends one too.
template <class F>
void for_each_line(string_view text, size_t begin, size_t end, F f) {
    for (size_t at = begin; at < end; ++at) {
        bool spelled = text[at] == '\\' && at + 1 < end && has("nr", text[at + 1]);
        if (!spelled && text[at] != '\n' && text[at] != '\r') continue;
        if (at > begin) f(begin, at);
        begin = at + 1 + spelled;
        at += spelled;
    }
    if (begin < end) f(begin, end);
}

}  // namespace whodid::mask_engine
