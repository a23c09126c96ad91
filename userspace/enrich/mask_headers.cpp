// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_headers.h"

#include "enrich/mask_values.h"

namespace whodid::mask_engine {
namespace {

bool is_cookie(string_view name) {
    return equal_ignoring_case(name, "cookie") || equal_ignoring_case(name, "set-cookie");
}

// What ends a header's value in a text that goes on.
constexpr string_view kStops = " \t\r\n\"'\\,;}";

// "a=b; c=d" in a text that goes on: every pair but the last ends in ";".
size_t end_of_cookies(string_view text, size_t at) {
    while (at < text.size() && text[at] == ' ') {
        size_t end = find_stop(text, " \t\r\n\"'\\", at + 1);
        if (text.substr(at, end - at).find('=') == kNpos) return at;
        at = end;
        if (text[at - 1] != ';') break;
    }
    return at;
}

}  // namespace

void mark_header(Word& word, size_t begin, size_t end) {
    string_view line = word.part(begin, end), name = line.substr(0, line.find(':'));
    if (name.size() == line.size()) return;
    size_t value = begin + name.size() + 1;
    if (is_cookie(name)) return mark_cookies(word, value, end);
    if (rules::is_secret_header(name) || rules::names_secret(name)) mark_credential(word, value, end);
}

void mark_cookies(Word& word, size_t begin, size_t end) {
    string_view text = word.text;
    while (begin < end) {
        size_t stop = std::min(text.find(';', begin), end);
        size_t equals = text.substr(begin, stop - begin).find('=');
        if (equals != kNpos) mark_certain(word, begin + equals + 1, stop);
        begin = stop + 1;
    }
}

void mark_credential(Word& word, size_t begin, size_t end) {
    string_view text = word.part(0, end);
    begin = skip(text, " ", begin);
    size_t blank = text.find(' ', begin);
    if (blank != kNpos && rules::is_auth_scheme(text.substr(begin, blank - begin))) begin = blank + 1;
    mark_certain(word, begin, end);
}

void mark_anchored_headers(Word& word) {
    string_view text = word.text;
    size_t begin = text.starts_with('-') ? text.find('=') + 1 : 0;
    for_each_line(text, begin, text.size(), [&](size_t from, size_t to) {
        string_view line = word.part(from, to), name = line.substr(0, line.find(':'));
        if (name.size() == line.size() || name.size() > kMaxName) return;
        if (!std::all_of(name.begin(), name.end(), is_name_byte)) return;
        string_view value = line.substr(name.size() + 1);
        bool spaced = value.starts_with(' ');
        if (spaced) value.remove_prefix(1);
        size_t blank = value.find(' ');
        bool one_word =
            blank == kNpos || rules::is_auth_scheme(value.substr(0, blank)) || name.ends_with("ookie");
        bool likely = rules::is_secret_header(name) ||
                      (rules::names_secret(name) && (spaced || name.find('-') != kNpos));
        if (likely && one_word) mark_header(word, from, to);
    });
}

void mark_inner_headers(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(':', at)) != kNpos; ++at) {
        string_view name = name_before(text, at);
        if (name.size() < 6 || !rules::is_secret_header(name)) continue;
        if (name.data() > text.data() && name.data()[-1] == '/') continue;  // https://x-access-token:...@host
        if (equal_ignoring_case(name, "cookie")) {
            size_t end = end_of_cookies(text, at + 1);
            mark_cookies(word, at + 1, end);
            at = std::max(at, end - 1);
            continue;
        }
        size_t begin = skip(text, " ", at + 1);
        size_t end = find_stop(text, kStops, begin);
        bool scheme = rules::is_auth_scheme(text.substr(begin, end - begin));
        if (scheme && end < text.size() && text[end] == ' ') {
            begin = end + 1;
            end = find_stop(text, kStops, begin);
        }
        // What follows may be prose about the header.
        bool loose = equal_ignoring_case(name, "authorization");
        if (!loose || scheme || rules::looks_random(text.substr(begin, end - begin)))
            mark_certain(word, begin, end);
        at = std::max(at, end - 1);
    }
}

}  // namespace whodid::mask_engine
