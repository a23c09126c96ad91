// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_values.h"

#include "enrich/mask_headers.h"

namespace whodid::mask_engine {
namespace {

// $NAME, ${NAME}, $(...), {{ name }}: the secret is elsewhere.
bool is_reference(const Word& word, string_view value) {
    if ((value.starts_with("{{") || value.starts_with("${{")) && value.ends_with("}}")) return true;
    if (word.expands && value.starts_with('`')) return true;
    if (value.size() < 2 || value.front() != '$') return false;
    if (value.starts_with("$(") && value.ends_with(')')) return true;
    value.remove_prefix(1);
    if (value.starts_with('{') && value.ends_with('}')) value = value.substr(1, value.size() - 2);
    return std::all_of(value.begin(), value.end(), is_variable_byte) && (word.expands || is_shouted(value));
}

bool is_regex(string_view value) {
    for (string_view sign :
         {".*", ".+", "[^", "\\w", "\\S", "\\s", "\\d", "\\K", "(?", "\\(", "[a-", "[A-", "\\1"})
        if (value.find(sign) != kNpos) return true;
    return value.find_first_not_of("./*+?^$|()[]{}\\ ") == kNpos;
}

void mark_pairs_by_line(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) { mark_pair(word, from, to, ':'); });
}

// user/SECRET[@host]; a path or "file=/path" is none.
void mark_slash_pair(Word& word, size_t begin, size_t end) {
    string_view value = word.part(begin, end);
    size_t slash = value.find('/');
    if (slash == kNpos || slash == 0 || !is_user(value.substr(0, slash))) return;
    size_t host = value.rfind('@');
    if (host == kNpos || host < slash) host = value.size();
    if (value.find('/', slash + 1) < host) return;
    mark_certain(word, begin + slash + 1, begin + host);
}

void mark_pass_source(Word& word, size_t begin, size_t end) {
    string_view value = word.part(begin, end);
    for (string_view here : {"pass:", "password:"})
        if (value.starts_with(here)) return mark_certain(word, begin + here.size(), end);
    for (string_view elsewhere : {"env:", "file:", "fd:", "stdin"})
        if (value.starts_with(elsewhere)) return;
    mark_certain(word, begin, end);
}

void mark_value_of_any_name(Word& word, size_t begin, size_t end) {
    string_view value = word.part(begin, end);
    size_t equals = value.find('=');
    if (equals == kNpos || rules::is_plain_key(value.substr(0, equals))) return;
    if (!value.substr(equals + 1).starts_with('@')) mark_certain(word, begin + equals + 1, end);
}

// expect: the string sent after a prompt for a password, and the same string again ("Retype:").
void mark_expect(Word& word, size_t begin, size_t end) {
    string_view text = word.text, secret;
    for (size_t at = begin; (at = text.find("send ", at)) < end;) {
        bool asked = text.substr(begin, at - begin).find("ass") != kNpos;
        begin = at;
        at = skip(text, " -", at + 5);
        size_t first = at + (at < end && text[at] == '"');
        size_t stop = std::min(text.find_first_of(first > at ? "\"\\" : " ;\n\\", first), end);
        string_view sent = text.substr(first, stop - first);
        if (asked) secret = sent;
        if (sent == secret) mark_certain(word, first, stop);
        at = begin = stop;
    }
}

// debconf: "package question password SECRET"; .netrc: "login name password SECRET".
void mark_answers(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        string_view line = word.part(from, to);
        size_t type = line.starts_with("password ") ? 0 : line.find(" password ") + 1;
        if (line.substr(type).starts_with("password ")) mark_certain(word, from + type + 9, to);
    });
}

// What is typed at a server: "PASS x" of POP3 and FTP, "AUTH x" of Redis.
void mark_dialog(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        string_view verb = word.part(from, from + 5);
        if (equal_ignoring_case(verb, "pass ") || equal_ignoring_case(verb, "auth "))
            mark_certain(word, from + 5, to);
    });
}

// .pgpass: host:port:database:user:SECRET
void mark_last_field(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        size_t colon = word.part(from, to).rfind(':');
        if (colon != kNpos) mark_certain(word, from + colon + 1, to);
    });
}

// chap-secrets: client server SECRET addresses
void mark_third_word(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        string_view line = word.part(0, to);
        for (int n = 0; n < 2; ++n) from = skip(line, " \t", find_stop(line, " \t", from));
        mark_certain(word, from, find_stop(line, " \t", from));
    });
}

void mark_unnamed(Word& word, size_t begin, size_t end) {
    string_view value = word.part(begin, end);
    if (value.find('=') == kNpos && value.find("://") == kNpos) mark_certain(word, begin, end);
}

void mark_community(Word& word, size_t begin, size_t end) {
    if (word.part(begin, end) != "public") mark_certain(word, begin, end);
}

struct Marker {
    Secret secret;
    void (*mark)(Word& word, size_t begin, size_t end);
};

// What is not here takes more than one word; see CommandMasker.
constexpr Marker kMarkers[] = {
    {Secret::kAll, mark_certain},
    {Secret::kUnnamed, mark_unnamed},
    {Secret::kUserColon, mark_pairs_by_line},
    {Secret::kUserPercent, [](Word& word, size_t begin, size_t end) { mark_pair(word, begin, end, '%'); }},
    {Secret::kUserComma, [](Word& word, size_t begin, size_t end) { mark_pair(word, begin, end, ','); }},
    {Secret::kUserSlash, mark_slash_pair},
    {Secret::kLogin, [](Word& word, size_t begin, size_t end) { mark_login(word, begin, end, true); }},
    {Secret::kTarget, [](Word& word, size_t begin, size_t end) { mark_login(word, begin, end, false); }},
    {Secret::kHeader, mark_header},
    {Secret::kCookie, mark_cookies},
    {Secret::kPassSource, mark_pass_source},
    {Secret::kValues, mark_value_of_any_name},
    {Secret::kCommunity, mark_community},
    {Secret::kAnswers, mark_answers},
    {Secret::kDialog, mark_dialog},
    {Secret::kLastField, mark_last_field},
    {Secret::kThirdWord, mark_third_word},
    {Secret::kExpect, mark_expect},
};

}  // namespace

void mark_certain(Word& word, size_t begin, size_t end) {
    string_view value = word.part(begin, end);
    if (value != "-" && !is_reference(word, value)) word.mark(begin, end);
}

void mark_likely(Word& word, size_t begin, size_t end) {
    string_view value = word.part(begin, end);
    if (rules::is_plain_value(value) || (word.is_pattern && is_regex(value))) return;
    mark_certain(word, begin, end);
}

void mark_pair(Word& word, size_t begin, size_t end, char separator) {
    string_view value = word.part(begin, end);
    size_t cut = value.find(separator);
    if (rules::looks_random(value.substr(0, cut)))
        mark_certain(word, begin, begin + std::min(cut, value.size()));
    if (cut != kNpos) mark_certain(word, begin + cut + 1, end);
}

bool is_user(string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return is_name_byte(c) || has("@\\+%$#", c); });
}

bool is_login(string_view text) {
    size_t colon = text.substr(0, kMaxName).find(':');
    return colon != kNpos && is_user(text.substr(0, colon)) && !rules::is_plain_value(text);
}

void mark_login(Word& word, size_t begin, size_t end, bool needs_host) {
    string_view value = word.part(begin, end);
    size_t host = value.rfind('@');
    if (host == kNpos && !needs_host) host = value.size();
    if (host == kNpos || value.find("://") < host) return;
    size_t colon = value.find(':');
    if (colon == 0 || colon > host) return;
    if (host < value.size() && value.substr(host + 1).starts_with("sha256:")) return;
    mark_certain(word, begin + colon + 1, begin + host);
}

void mark_secret(Word& word, size_t begin, Secret secret) {
    if (begin > word.text.size()) return;
    for (const Marker& marker : kMarkers)
        if (marker.secret == secret) marker.mark(word, begin, word.text.size());
}

}  // namespace whodid::mask_engine
