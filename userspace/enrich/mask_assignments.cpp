// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_assignments.h"

#include "enrich/mask_line.h"
#include "enrich/mask_values.h"

namespace whodid::mask_engine {
namespace {

// Is `text[at...]` "name=", as after the separator of a list?
bool name_follows(string_view text, size_t at, bool shouted) {
    size_t end = at;
    while (end < text.size() && end - at < kMaxName && (is_name_byte(text[end]) || text[end] == ' ')) ++end;
    if (end >= text.size() || text[end] != '=' || end - at < (shouted ? 3u : 1u)) return false;
    string_view name = text.substr(at, end - at);
    return !is_digit(name[0]) && (!shouted || is_shouted(name));
}

// The end of a value that begins the word or follows an option: all of the word, unless it is a list of
// pairs.
size_t end_of_anchored(string_view text, size_t begin, bool shouted) {
    string_view separators = shouted ? ",\n" : ",;& \t\n";
    for (size_t at = begin; (at = text.find_first_of(separators, at)) != kNpos; ++at)
        if (name_follows(text, at + 1, shouted)) return at;
    return text.size();
}

// What separates one pair from the next, told by what stands before the name.
string_view stops_after(char before) {
    switch (before) {
        case ',':
            return ",\n\"'";
        case ';':
            return ";\n\"'";
        case '?':
        case '&':
        case '#':
            return "&#; \t\r\n\"'<>`";
        case '"':
            return "\"";
        case '\'':
            return "'";
        case '{':
        case '(':
        case '[':
            return ",})]\n";
        default:
            return " \t\r\n\"'`";
    }
}

size_t end_of_value(const Word& word, string_view name, size_t name_at, size_t begin) {
    string_view text = word.text;
    if (is_quote(text[begin])) return find_stop(text, text[begin], begin + 1);
    if (word.stop) return find_stop(text, word.stop, begin);
    if (name.starts_with("-D")) return find_stop(text, " \t", begin);  // java options
    char before = name_at == 0 ? '=' : text[name_at - 1];
    if (before == '=' || before == ':') return end_of_anchored(text, begin, is_shouted(name));
    size_t end = find_stop(text, stops_after(before), begin);
    bool in_brackets = end == text.size() && text.back() == ']' && text.find('[') < name_at;
    return in_brackets ? end - 1 : end;
}

// user[password]=x, [\"password\"]=x: the name inside the brackets.
string_view name_of_assignment(string_view text, size_t equals) {
    if (equals > 0 && text[equals - 1] == ']') --equals;
    if (equals > 0 && is_quote(text[equals - 1])) --equals;
    return name_before(text, equals);
}

bool assigns_secret(string_view text, string_view name, size_t name_at, string_view value) {
    char before = name_at > 0 ? text[name_at - 1] : '\0';
    if (name == "PWD") return before == ';';  // UID=sa;PWD=secret, while PWD=/home is a directory
    if (rules::names_secret(without_dashes(name))) return true;
    if (name == "data" && text.starts_with("secret,")) return true;  // qemu -object secret,id=s,data=x
    if (before == ',' && name.ends_with("alue")) return is_value_of_secret(text, name);
    return has("?&#;", before) && rules::is_secret_parameter(name, value.substr(0, kMaxLookahead));
}

// name=value where all of the value counts: GIT_SSH_COMMAND="line", --auth=user:x, http_proxy=user:x@host.
// True if the value was a command line, which has been read.
bool mark_whole_value(Word& word, string_view name, size_t at, int depth) {
    string_view value = word.part(at, kNpos);
    if (rules::names_login(name) && is_login(value)) mark_pair(word, at, kNpos, ':');
    if (name.ends_with("proxy")) mark_login(word, at, kNpos, true);
    return rules::names_command(name) && has_blank(value) && mask_shell_line(word, at, depth, false);
}

}  // namespace

void mark_assignments(Word& word, int depth) {
    string_view text = word.text;
    int count = 0;
    for (size_t at = 0; (at = text.find('=', at)) != kNpos;) {
        string_view name = name_of_assignment(text, at++);
        if (name.empty() || at >= text.size() || text[at] == '=') continue;
        size_t name_at = offset_in(text, name);
        bool first = name_at == 0 || (text[name_at - 1] == '=' && count < 2);
        if (++count <= 2 && first && mark_whole_value(word, without_dashes(name), at, depth)) return;
        bool code = name[0] == '.' && text[at] == '$';  // jq '.password=$pw'
        if (code || !assigns_secret(text, name, name_at, text.substr(at))) continue;
        size_t end = end_of_value(word, name, name_at, at);
        mark_likely(word, is_quote(text[at]) ? at + 1 : at, end);
        at = std::max(at, end);
    }
}

// A value with blanks or a call is code.
void mark_settings(Word& word) {
    string_view text = word.text;
    if (text.find(" = ") == kNpos) return;
    for_each_line(text, 0, text.size(), [&](size_t from, size_t to) {
        string_view line = word.part(from, to);
        size_t equals = line.find(" = ");
        if (equals == kNpos || line.find_first_of(" (\"'", equals + 3) != kNpos) return;
        string_view name = name_before(line, equals);
        bool alone = line.find_first_not_of(" \t") == offset_in(line, name);
        if (alone && rules::names_secret(name)) mark_likely(word, from + equals + 3, to);
    });
}

void mark_parameters(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('=', at)) != kNpos;) {
        string_view name = name_before(text, at++);
        size_t name_at = offset_in(text, name);
        if (name.empty() || name_at == 0 || !has("?&#;", text[name_at - 1])) continue;
        size_t end = find_stop(text, stops_after('&'), at);
        if (rules::names_secret(name) || rules::is_secret_parameter(name, text.substr(at, end - at)))
            mark_likely(word, at, end);
        at = end;
    }
}

bool is_value_of_secret(string_view text, string_view key) {
    string_view back = bytes_before(text, offset_in(text, key), 80);
    back = back.substr(0, back.find_last_of(",;"));
    while (!back.empty() && (is_quote(back.back()) || is_blank(back.back()) || back.back() == '\\'))
        back.remove_suffix(1);
    return rules::names_secret(name_before(back, back.size()));
}

}  // namespace whodid::mask_engine
