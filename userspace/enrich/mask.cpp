// SPDX-License-Identifier: Apache-2.0
// The masking engine: words and their secret bytes, text scanners, a shell word splitter, commands.
//
// Everything marks bytes and nothing is replaced until all rules have spoken. A word cut from a shell line
// knows where each of its bytes stood in that line, so its marks carry back through quotes and nested shells,
// and the rest of the line stays byte for byte.
#include "enrich/mask.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>

namespace whodid {
namespace {

namespace rules = mask_rules;
using rules::any_of;
using rules::equal_ignoring_case;
using rules::Secret;
using std::string_view;
constexpr size_t kNpos = string_view::npos;

constexpr string_view kMask = "****";
constexpr int kMaxDepth = 4;       // shells in shells
constexpr size_t kMaxFrames = 32;  // $( in $( of one line
constexpr size_t kMaxName = 64;    // how far back a name before "=" is sought; keeps "a=a=a=..." linear
constexpr size_t kMaxLookahead = 256;
// No argument is longer than the kernel's MAX_ARG_STRLEN of 128 KiB. What is longer anyway is read as text,
// not as a command line, because splitting takes a hundred bytes of memory per word.
constexpr size_t kMaxLine = 256 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\''; }
bool is_name_byte(char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }
bool has(string_view set, char c) { return set.find(c) != kNpos; }
bool has_blank(string_view text) { return text.find_first_of(" \t\n") != kNpos; }

// ---- words ------------------------------------------------------------------------------------------

enum Mark : char { kKeep = 0, kFirst = 1, kRest = 2 };

struct Extent {
    uint32_t begin = 0, end = 0;
};

// A word as the program that gets it sees it, and which of its bytes are secret.
struct Word {
    std::string text;
    std::vector<Extent> origin;  // where each byte stood in the shell line; empty for an argument
    std::string marks;           // one Mark per byte, or empty
    bool expands = false;        // has $NAME or $(...) that the shell replaces
    bool is_done = false;        // read as a command line, not to be scanned as text
    bool is_pattern = false;     // an argument of grep, sed, awk
    char stop = 0;               // delimiter of a sed script

    void mark(size_t begin, size_t end) {
        end = std::min(end, text.size());
        if (begin >= end || text.find_first_not_of('*', begin) >= end) return;  // nothing, or masked before
        marks.resize(text.size(), kKeep);
        for (size_t i = begin; i < end; ++i)
            if (!marks[i]) marks[i] = i == begin ? kFirst : kRest;
    }
    void mark_one(size_t i, Mark mark) {
        marks.resize(text.size(), kKeep);
        if (!marks[i]) marks[i] = mark;
    }
    std::string masked() const {
        std::string out;
        for (size_t i = 0; i < text.size(); ++i) {
            if (!marks[i]) out.push_back(text[i]);
            if (marks[i] == kFirst && (i == 0 || !marks[i - 1])) out.append(kMask);
        }
        return out;
    }
    // Quotes between secret bytes are in no extent and therefore stay: -pa"b c" becomes -p****"".
    void carry_marks_to(Word& line, size_t offset) const {
        for (size_t i = 0; i < marks.size(); ++i) {
            if (!marks[i]) continue;
            for (size_t at = origin[i].begin; at < origin[i].end; ++at)
                line.mark_one(offset + at, at == origin[i].begin ? static_cast<Mark>(marks[i]) : kRest);
        }
    }
};

using Words = std::span<Word* const>;

bool mask_shell_line(Word& word, size_t begin, size_t end, int depth, bool flat);

// ---- values -----------------------------------------------------------------------------------------

// $NAME, ${NAME}, $(...), {{ name }}: the secret is elsewhere.
bool is_reference(const Word& word, string_view value) {
    if (value.starts_with("{{") && value.ends_with("}}")) return true;
    if (value.starts_with("${{") && value.ends_with("}}")) return true;
    if (word.expands && value.starts_with('`')) return true;
    if (value.size() < 2 || value.front() != '$') return false;
    if (value.starts_with("$(") && value.ends_with(')')) return true;
    value.remove_prefix(1);
    if (value.starts_with('{') && value.ends_with('}')) value = value.substr(1, value.size() - 2);
    bool name = std::all_of(value.begin(), value.end(), [](char c) { return is_alnum(c) || c == '_'; });
    bool shouted = std::none_of(value.begin(), value.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    return name && (word.expands || shouted);
}

bool is_regex(string_view value) {
    for (string_view sign :
         {".*", ".+", "[^", "\\w", "\\S", "\\s", "\\d", "\\K", "(?", "\\(", "[a-", "[A-", "\\1"})
        if (value.find(sign) != kNpos) return true;
    return value.find_first_not_of("./*+?^$|()[]{}\\ ") == kNpos;
}

// For values whose name is only likely to hold a secret.
void mark_likely(Word& word, size_t begin, size_t end) {
    end = std::min(end, word.text.size());
    if (begin >= end) return;
    string_view value = string_view(word.text).substr(begin, end - begin);
    if (rules::is_plain_value(value) || is_reference(word, value)) return;
    if (word.is_pattern && is_regex(value)) return;
    word.mark(begin, end);
}

// For values that certainly are the secret, unless the shell puts it in later or "-" asks for it.
void mark_certain(Word& word, size_t begin, size_t end) {
    end = std::min(end, word.text.size());
    if (begin >= end) return;
    string_view value = string_view(word.text).substr(begin, end - begin);
    if (value != "-" && !is_reference(word, value)) word.mark(begin, end);
}

// user:SECRET; the user part too if it is a token, as in "TOKEN:x-oauth-basic".
void mark_pair(Word& word, size_t begin, size_t end, char separator) {
    string_view value = string_view(word.text).substr(begin, end - begin);
    size_t cut = value.find(separator);
    if (rules::looks_random(value.substr(0, cut)))
        mark_certain(word, begin, begin + std::min(cut, value.size()));
    if (cut != kNpos) mark_certain(word, begin + cut + 1, end);
}

bool is_user(string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return is_name_byte(c) || has("@\\+%$#", c); });
}

// user:SECRET rather than arn:aws:... or a=b:c
bool is_login(string_view text) {
    size_t colon = text.substr(0, kMaxName).find(':');
    return colon != kNpos && is_user(text.substr(0, colon)) && !rules::is_plain_value(text);
}

// Calls `f(begin, end)` for each line; a "\n" or "\r" spelled out, as in printf arguments, ends one too.
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

void mark_pairs_by_line(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) { mark_pair(word, from, to, ':'); });
}

// user/SECRET[@host]; a path or "file=/path" is none.
void mark_slash_pair(Word& word, size_t begin, size_t end) {
    string_view value = string_view(word.text).substr(begin, end - begin);
    size_t slash = value.find('/');
    if (slash == kNpos || slash == 0 || !is_user(value.substr(0, slash))) return;
    size_t host = value.rfind('@');
    if (host == kNpos || host < slash) host = value.size();
    if (value.find('/', slash + 1) < host) return;
    mark_certain(word, begin + slash + 1, begin + host);
}

// [domain/]user:SECRET@host without a scheme; without a host only if that is certain to be a login.
void mark_login(Word& word, size_t begin, size_t end, bool needs_host) {
    string_view value = string_view(word.text).substr(begin, end - begin);
    size_t host = value.rfind('@');
    if (host == kNpos && !needs_host) host = value.size();
    if (host == kNpos || value.find("://") < host) return;
    size_t colon = value.find(':');
    if (colon == 0 || colon > host) return;
    if (host < value.size() && value.substr(host + 1).starts_with("sha256:")) return;
    mark_certain(word, begin + colon + 1, begin + host);
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
    string_view text = word.text;
    while (begin < end && text[begin] == ' ') ++begin;
    size_t blank = text.find(' ', begin);
    if (blank < end && rules::is_auth_scheme(text.substr(begin, blank - begin))) begin = blank + 1;
    mark_certain(word, begin, end);
}

// "Name: value" in [begin, end).
void mark_header(Word& word, size_t begin, size_t end) {
    string_view text = word.text;
    size_t colon = text.find(':', begin);
    if (colon >= end) return;
    string_view name = text.substr(begin, colon - begin);
    if (equal_ignoring_case(name, "cookie") || equal_ignoring_case(name, "set-cookie"))
        return mark_cookies(word, colon + 1, end);
    if (rules::is_secret_header(name) || rules::names_secret(name)) mark_credential(word, colon + 1, end);
}

void mark_pass_source(Word& word, size_t begin, size_t end) {
    string_view value = string_view(word.text).substr(begin, end - begin);
    for (string_view here : {"pass:", "password:"})
        if (value.starts_with(here)) return mark_certain(word, begin + here.size(), end);
    for (string_view elsewhere : {"env:", "file:", "fd:", "stdin"})
        if (value.starts_with(elsewhere)) return;
    mark_certain(word, begin, end);
}

void mark_value_of_any_name(Word& word, size_t begin, size_t end) {
    string_view value = string_view(word.text).substr(begin, end - begin);
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
        at = std::min(text.find_first_not_of(" -", at + 5), text.size());
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
        string_view line = string_view(word.text).substr(from, to - from);
        size_t type = line.starts_with("password ") ? 0 : line.find(" password ") + 1;
        if (line.substr(type).starts_with("password ")) mark_certain(word, from + type + 9, to);
    });
}

// What is typed at a server: "PASS x" of POP3 and FTP, "AUTH x" of Redis.
void mark_dialog(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        string_view verb = string_view(word.text).substr(from, 5);
        if (equal_ignoring_case(verb, "pass ") || equal_ignoring_case(verb, "auth "))
            mark_certain(word, from + 5, to);
    });
}

// .pgpass: host:port:database:user:SECRET
void mark_last_field(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        size_t colon = string_view(word.text).substr(from, to - from).rfind(':');
        if (colon != kNpos) mark_certain(word, from + colon + 1, to);
    });
}

// chap-secrets: client server SECRET addresses
void mark_third_word(Word& word, size_t begin, size_t end) {
    for_each_line(word.text, begin, end, [&](size_t from, size_t to) {
        string_view line = string_view(word.text).substr(0, to);
        for (int skip = 0; skip < 2; ++skip)
            from = std::min(line.find_first_not_of(" \t", std::min(line.find_first_of(" \t", from), to)), to);
        mark_certain(word, from, std::min(line.find_first_of(" \t", from), to));
    });
}

void mark_unnamed(Word& word, size_t begin, size_t end) {
    string_view value = string_view(word.text).substr(begin, end - begin);
    if (value.find('=') == kNpos && value.find("://") == kNpos) mark_certain(word, begin, end);
}

void mark_community(Word& word, size_t begin, size_t end) {
    if (string_view(word.text).substr(begin, end - begin) != "public") mark_certain(word, begin, end);
}

struct Marker {
    Secret secret;
    void (*mark)(Word&, size_t begin, size_t end);
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

void mark_secret(Word& word, size_t begin, Secret secret) {
    if (begin > word.text.size()) return;
    for (const Marker& marker : kMarkers)
        if (marker.secret == secret) marker.mark(word, begin, word.text.size());
}

// ---- text: secrets by their name or shape, whatever the program --------------------------------------

// The name that ends right before `end`: letters, digits, "_", "-" and ".".
string_view name_before(string_view text, size_t end) {
    size_t begin = end;
    while (begin > 0 && end - begin < kMaxName && is_name_byte(text[begin - 1])) --begin;
    return text.substr(begin, end - begin);
}

string_view without_dashes(string_view name) {
    name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
    return name;
}

// Where the authority of a URL ends: at the last "@" in it or right after "://" (kNpos: no user).
// A password may hold an unescaped "/", "?" or "#"; then what looks like the port is no number.
size_t user_end(string_view text, size_t begin) {
    size_t end = std::min(text.find_first_of("/?# \t\r\n\"'<>`", begin), text.size());
    string_view authority = text.substr(begin, end - begin);
    size_t at = authority.rfind('@');
    if (at != kNpos) return begin + at;
    size_t colon = authority.find(':');
    if (colon == kNpos || colon + 1 >= authority.size() || is_digit(authority[colon + 1])) return kNpos;
    string_view more = text.substr(begin, kMaxLookahead);
    at = more.substr(0, more.find_first_of(" \t\r\n\"'<>`")).rfind('@');
    return at != kNpos && at > colon ? begin + at : kNpos;
}

void mark_urls(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("://", at)) != kNpos;) {
        at += 3;
        size_t host = user_end(text, at);
        if (host == kNpos || text.substr(host + 1).starts_with("sha256:")) continue;
        mark_pair(word, at, host, ':');
    }
}

void mark_secret_paths(Word& word) {
    string_view text = word.text;
    for (const rules::SecretPath& path : rules::secret_paths()) {
        for (size_t at = 0; (at = text.find(path.prefix, at)) != kNpos;) {
            at += path.prefix.size();
            size_t end = std::min(text.find_first_of(" \t\r\n\"'<>)", at), text.size());
            mark_certain(word, at, std::min(end, text.find_first_of(path.stops, at)));
            at = end;
        }
    }
}

// user:SECRET@host:port or user:SECRET@tcp(...), as data source names have it, without a scheme.
void mark_data_sources(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('@', at)) != kNpos; ++at) {
        size_t host = text.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", at + 1);
        if (host == kNpos || host == at + 1 || text.substr(at + 1).starts_with("sha")) continue;
        bool port = text[host] == ':' && host + 1 < text.size() && is_digit(text[host + 1]);
        if (!port && text[host] != '(') continue;
        size_t begin = at;
        while (begin > 0 && at - begin < kMaxLookahead && !has(" \t\r\n\"'`/=,;()<>&", text[begin - 1]))
            --begin;
        size_t colon = text.find(':', begin);
        if (colon < at && colon > begin && (begin == 0 || text[begin - 1] != '/'))
            mark_certain(word, colon + 1, at);
    }
}

// Is `text[at...]` "name=", as after the separator of a list?
bool name_follows(string_view text, size_t at, bool shouted) {
    size_t end = at;
    while (end < text.size() && end - at < kMaxName && (is_name_byte(text[end]) || text[end] == ' ')) ++end;
    if (end >= text.size() || text[end] != '=' || end - at < (shouted ? 3u : 1u)) return false;
    string_view name = text.substr(at, end - at);
    return !is_digit(name[0]) &&
           (!shouted || std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
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
    if (is_quote(text[begin])) return std::min(text.find(text[begin], begin + 1), text.size());
    if (word.stop) return std::min(text.find(word.stop, begin), text.size());
    char before = name_at == 0 ? '=' : text[name_at - 1];
    bool shouted = std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (name.starts_with("-D"))
        return std::min(text.find_first_of(" \t", begin), text.size());  // java options
    if (before == '=' || before == ':') return end_of_anchored(text, begin, shouted);
    size_t end = std::min(text.find_first_of(stops_after(before), begin), text.size());
    bool in_brackets = end == text.size() && text.back() == ']' && text.find('[') < name_at;
    return in_brackets ? end - 1 : end;
}

// user[password]=x, [\"password\"]=x: the name inside the brackets.
string_view name_of_assignment(string_view text, size_t equals) {
    if (equals > 0 && text[equals - 1] == ']') --equals;
    if (equals > 0 && is_quote(text[equals - 1])) --equals;
    return name_before(text, equals);
}

bool value_of_secret(string_view text, string_view key);

bool assigns_secret(string_view text, string_view name, size_t name_at, string_view value) {
    bool listed =
        name_at > 0 && text[name_at - 1] == ';';  // UID=sa;PWD=secret, while PWD=/home is a directory
    if (name == "PWD") return listed;
    if (rules::names_secret(without_dashes(name))) return true;
    if (name == "data" && text.starts_with("secret,")) return true;  // qemu -object secret,id=s,data=x
    if (name_at > 0 && text[name_at - 1] == ',' && (name.ends_with("alue")))
        return value_of_secret(text, name);
    bool query = name_at > 0 && has("?&#;", text[name_at - 1]);
    return query && rules::is_secret_parameter(name, value.substr(0, kMaxLookahead));
}

// name=value where all of the value counts: GIT_SSH_COMMAND="line", --auth=user:x, http_proxy=user:x@host.
// True if the value was a command line, which has been read.
bool mark_whole_value(Word& word, string_view name, size_t at, int depth) {
    string_view value = string_view(word.text).substr(at);
    if (rules::names_login(name) && is_login(value)) mark_pair(word, at, word.text.size(), ':');
    if (name.ends_with("proxy")) mark_login(word, at, word.text.size(), true);
    if (!rules::names_command(name) || !has_blank(value)) return false;
    return mask_shell_line(word, at, word.text.size(), depth, false);
}

void mark_assignments(Word& word, int depth) {
    string_view text = word.text;
    int count = 0;
    for (size_t at = 0; (at = text.find('=', at)) != kNpos;) {
        string_view name = name_of_assignment(text, at++);
        if (name.empty() || at >= text.size() || text[at] == '=') continue;
        size_t name_at = static_cast<size_t>(name.data() - text.data());
        bool first = name_at == 0 || (text[name_at - 1] == '=' && count < 2);
        if (++count <= 2 && first && mark_whole_value(word, without_dashes(name), at, depth)) return;
        bool code = name[0] == '.' && text[at] == '$';  // jq '.password=$pw'
        if (code || !assigns_secret(text, name, name_at, text.substr(at))) continue;
        size_t end = end_of_value(word, name, name_at, at);
        mark_likely(word, is_quote(text[at]) ? at + 1 : at, end);
        at = std::max(at, end);
    }
}

// "password = x" on a line of its own, as configuration files have it; a value with blanks or a call is code.
void mark_settings(Word& word) {
    string_view text = word.text;
    if (text.find(" = ") == kNpos) return;
    for_each_line(text, 0, text.size(), [&](size_t from, size_t to) {
        string_view line = text.substr(from, to - from);
        size_t equals = line.find(" = ");
        if (equals == kNpos || line.find_first_of(" (\"'", equals + 3) != kNpos) return;
        string_view name = name_before(line, equals);
        bool alone = line.find_first_not_of(" \t") == static_cast<size_t>(name.data() - line.data());
        if (alone && rules::names_secret(name)) mark_likely(word, from + equals + 3, to);
    });
}

// Only mark parameters of a URL: for texts that are no command.
void mark_parameters(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('=', at)) != kNpos;) {
        string_view name = name_before(text, at++);
        size_t name_at = static_cast<size_t>(name.data() - text.data());
        if (name.empty() || name_at == 0 || !has("?&#;", text[name_at - 1])) continue;
        size_t end = std::min(text.find_first_of(stops_after('&'), at), text.size());
        if (rules::names_secret(name) || rules::is_secret_parameter(name, text.substr(at, end - at)))
            mark_likely(word, at, end);
        at = end;
    }
}

size_t skip_blanks_back(string_view text, size_t end) {
    for (int n = 0; n < 8 && end > 0 && is_blank(text[end - 1]); ++n) --end;
    return end;
}

// The name a quoted string belongs to: password="x", "password": "x", PASSWORD 'x', IDENTIFIED BY 'x'.
string_view name_of_string(string_view text, size_t quote) {
    size_t end = quote > 0 && text[quote - 1] == '\\' ? quote - 1 : quote;
    if (end > 1 && has("bBuUrRfFNnE", text[end - 1]) && has("(=, ", text[end - 2]))
        --end;  // b"x" of Python, N'x' of SQL
    end = skip_blanks_back(text, end);
    char sign = end > 0 && has(":=(", text[end - 1]) ? text[--end] : ' ';
    end = skip_blanks_back(text, end);
    if (sign != ' ' && end > 0 && text[end - 1] == ']') --end;
    if (sign != ' ' && end > 0 && is_quote(text[end - 1])) end -= end > 1 && text[end - 2] == '\\' ? 2 : 1;
    string_view name = name_before(text, end);
    bool plain_call = sign == '(';
    bool only_word = sign == ' ' && (!rules::precedes_string(name) || end == quote);
    return plain_call || only_word ? string_view() : name;
}

// {"name": "DB_PASSWORD", "value": "x"}: does the string before `key` name a secret?
bool value_of_secret(string_view text, string_view key) {
    size_t at = static_cast<size_t>(key.data() - text.data());
    string_view back = text.substr(at > 80 ? at - 80 : 0, std::min<size_t>(at, 80));
    back = back.substr(0, back.find_last_of(",;"));
    while (!back.empty() && (is_quote(back.back()) || is_blank(back.back()) || back.back() == '\\'))
        back.remove_suffix(1);
    return rules::names_secret(name_before(back, back.size()));
}

bool string_is_secret(string_view text, string_view name) {
    if (equal_ignoring_case(name, "by") || equal_ignoring_case(name, "key")) {
        size_t at = static_cast<size_t>(name.data() - text.data());
        string_view back = text.substr(at > 80 ? at - 80 : 0, std::min<size_t>(at, 80));
        for (string_view word : {"identified", "IDENTIFIED", "Identified", "pragma", "PRAGMA"})
            if (back.find(word) != kNpos) return true;
        return false;
    }
    if (name == "value") return value_of_secret(text, name);
    if (name == "auth" || equal_ignoring_case(name, "ConvertTo-SecureString")) return true;
    return rules::is_secret_header(name) || rules::names_secret(without_dashes(name));
}

size_t end_of_string(string_view text, size_t quote) {
    bool escaped = quote > 0 && text[quote - 1] == '\\';
    for (size_t at = quote + 1; (at = text.find(text[quote], at)) != kNpos; ++at)
        if ((text[at - 1] == '\\') == escaped) return escaped ? at - 1 : at;
    return text.size();
}

// The `number`th quoted string after `at`, within the call's parentheses.
void mark_argument(Word& word, size_t at, int number) {
    string_view text = word.text;
    string_view near = text.substr(0, at + kMaxLookahead);
    size_t close = std::min(near.find(')', at), near.size());
    for (; number > 0; --number) {
        size_t quote = near.find_first_of("\"'", at);
        if (quote >= close) return;
        size_t end = end_of_string(text, quote);
        if (number == 1) mark_certain(word, quote + 1, end);
        at = end + 1 + (end < text.size() && text[end] == '\\');
    }
}

// bcrypt("x"), create_superuser("name", "mail", "x")
void mark_calls(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('(', at)) != kNpos; ++at) {
        string_view name = name_before(text, at);
        if (int number = rules::secret_argument(name.substr(name.rfind('.') + 1)))
            mark_argument(word, at + 1, number);
    }
}

void mark_strings(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find_first_of("\"'", at)) != kNpos; ++at) {
        // In getpass("Password: ") the quote after the colon ends a string.
        if (at + 1 == text.size() || has(" ),;]}:", text[at + 1])) continue;
        string_view name = name_of_string(text, at);
        if (name.empty() || !string_is_secret(text, name)) continue;
        size_t end = end_of_string(text, at);
        if (rules::is_secret_header(name))
            mark_credential(word, at + 1, end);
        else
            mark_likely(word, at + 1, end);
        at = end;
    }
}

// The items of a list in parentheses that opens before `at`: their [begin, end), at most 16 of them.
std::vector<Extent> list_items(string_view text, size_t at) {
    std::vector<Extent> items;
    size_t begin = at, limit = std::min(text.size(), at + kMaxLookahead);
    for (char quote = 0; at < limit && items.size() < 16; ++at) {
        if (quote ? text[at] == quote : is_quote(text[at])) quote = quote ? 0 : text[at];
        if (quote || (text[at] != ',' && text[at] != ')')) continue;
        items.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(at)});
        begin = at + 1;
        if (text[at] == ')') break;
    }
    return items;
}

void mark_item(Word& word, Extent item) {
    string_view text = word.text;
    size_t quote = text.substr(0, item.end).find_first_of("\"'", item.begin);
    if (quote != kNpos) mark_certain(word, quote + 1, end_of_string(text, quote));
}

// INSERT INTO users (name, password) VALUES ('bob', 'SECRET'): the column says it.
void mark_inserts(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(") ", at)) != kNpos; ++at) {
        if (!equal_ignoring_case(text.substr(at + 2, 6), "values")) continue;
        size_t from = at - std::min(at, kMaxLookahead), open = text.substr(from, at - from).rfind('(');
        size_t values = text.substr(0, at + 16).find('(', at);
        if (open == kNpos || values == kNpos) continue;
        std::vector<Extent> columns = list_items(text, from + open + 1), items = list_items(text, values + 1);
        for (size_t i = 0; i < std::min(columns.size(), items.size()); ++i)
            if (rules::names_secret(text.substr(columns[i].begin, columns[i].end - columns[i].begin)))
                mark_item(word, items[i]);
    }
}

// sed s/password_here/SECRET/ and s/^password: .*/password: SECRET/
void mark_substitution(Word& word) {
    string_view text = word.text;
    if (!word.stop) return;
    size_t middle = text.find(word.stop, 2), end = std::min(text.find(word.stop, middle + 1), text.size());
    if (middle == kNpos) return;
    string_view pattern = text.substr(2, middle - 2), fresh = text.substr(middle + 1, end - middle - 1);
    size_t colon = fresh.find(": ");
    if (colon != kNpos && rules::names_secret(name_before(fresh, colon)))
        return mark_likely(word, middle + colon + 3, end);
    bool placeholder = pattern.ends_with("_here");
    for (string_view sign : {"__", "{{", "${", "@@"}) placeholder |= pattern.find(sign) != kNpos;
    while (!pattern.empty() && !is_alnum(pattern.back())) pattern.remove_suffix(1);
    if (placeholder && rules::names_secret(name_before(pattern, pattern.size())))
        mark_likely(word, middle + 1, end);
}

// {password: x, "pin": 1}: values without quotes.
void mark_bare_fields(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(':', at)) != kNpos;) {
        size_t end = at++;
        if (end > 0 && is_quote(text[end - 1])) --end;
        string_view name = name_before(text, end);
        size_t before = skip_blanks_back(text, static_cast<size_t>(name.data() - text.data()));
        bool field =
            before > 0 && (has("{,", text[before - 1]) || (end + 1 != at && is_quote(text[before - 1])));
        if (name.empty() || !field || !rules::names_secret(name)) continue;
        at = std::min(text.find_first_not_of(' ', at), text.size());
        if (at == text.size() || is_quote(text[at]) || text[at] == '\\' || text[at] == '{') continue;
        size_t stop = std::min(text.find_first_of(",}] \t\n", at), text.size());
        mark_likely(word, at, stop);
        at = stop;
    }
}

// A line "X-Api-Key: abc" (or X-Api-Key:abc) that begins the word or follows "--header=".
void mark_anchored_headers(Word& word) {
    string_view text = word.text;
    size_t begin = text.starts_with('-') ? text.find('=') + 1 : 0;
    for_each_line(text, begin, text.size(), [&](size_t from, size_t to) {
        string_view line = text.substr(from, to - from), name = line.substr(0, line.find(':'));
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

// "a=b; c=d" in a text that goes on: every pair but the last ends in ";".
size_t end_of_cookies(string_view text, size_t at) {
    while (at < text.size() && text[at] == ' ') {
        size_t end = std::min(text.find_first_of(" \t\r\n\"'\\", at + 1), text.size());
        if (text.substr(at, end - at).find('=') == kNpos) return at;
        at = end;
        if (text[at - 1] != ';') break;
    }
    return at;
}

// Known header names anywhere: in scripts, requests fed to nc, flat command lines.
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
        size_t begin = std::min(text.find_first_not_of(' ', at + 1), text.size());
        size_t end = std::min(text.find_first_of(" \t\r\n\"'\\,;}", begin), text.size());
        bool scheme = rules::is_auth_scheme(text.substr(begin, end - begin));
        if (scheme && end < text.size() && text[end] == ' ') {
            begin = end + 1;
            end = std::min(text.find_first_of(" \t\r\n\"'\\,;}", begin), text.size());
        }

        bool loose = equal_ignoring_case(name, "authorization");
        if (!loose || scheme || rules::looks_random(text.substr(begin, end - begin)))
            mark_certain(word, begin, end);
        at = std::max(at, end - 1);
    }
}

bool is_token_byte(char c, string_view more) { return is_alnum(c) || has(more, c); }

// Not a word of a language: has a digit, "=" or capitals after small letters.
bool looks_encoded(string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (is_digit(text[i]) || text[i] == '=') return true;
        if (i > 0 && text[i] >= 'A' && text[i] <= 'Z' && text[i - 1] >= 'a' && text[i - 1] <= 'z')
            return true;
    }
    return false;
}

// "Bearer abc123" and "Basic dXNlcg==" anywhere.
void mark_schemes(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(' ', at)) != kNpos; ++at) {
        string_view scheme = name_before(text, at);
        if (!equal_ignoring_case(scheme, "bearer") && !equal_ignoring_case(scheme, "basic")) continue;
        size_t end = at + 1;
        while (end < text.size() && is_token_byte(text[end], "-_.~+/=")) ++end;
        string_view value = text.substr(at + 1, end - at - 1);
        if (value.size() >= 8 && looks_encoded(value)) mark_certain(word, at + 1, end);
    }
}

// Three base64url parts of which the first is a JSON object. Each run is looked at once.
void mark_web_tokens(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("eyJ", at)) != kNpos;) {
        size_t begin = at;
        int parts = 0;
        for (; parts < 5; ++parts) {
            size_t run = at;
            while (at < text.size() && is_token_byte(text[at], "-_=")) ++at;
            if (at - run < 4 && parts < 2) break;
            if (at >= text.size() || text[at] != '.') {
                ++parts;
                break;
            }
            ++at;
        }
        if (parts >= 3) word.mark(begin, at);
    }
}

// The end of a token that begins at `at`, or `at`.
size_t token_end(string_view text, size_t at) {
    for (const rules::TokenPrefix& token : rules::tokens_that_begin(text[at])) {
        if (!text.substr(at).starts_with(token.prefix)) continue;
        size_t begin = at + token.prefix.size(), end = begin;
        string_view more = token.shape->more;
        while (end < text.size() && end - begin < kMaxLookahead && is_token_byte(text[end], more)) ++end;
        if (end - begin < token.shape->min || !looks_encoded(text.substr(begin, end - begin))) continue;
        while (end < text.size() && is_token_byte(text[end], more)) ++end;
        return end;
    }
    return at;
}

void mark_tokens(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; at + rules::kShortestToken <= text.size(); ++at) {
        if (at > 0 && is_alnum(text[at - 1])) continue;
        size_t end = token_end(text, at);
        if (end == at) continue;
        word.mark(at, end);
        at = end - 1;
    }
}

// AKIA... is an id; the 40 bytes that follow it are the key.
bool is_key_id(string_view text) {
    return text.size() == 20 && (text.starts_with("AKIA") || text.starts_with("ASIA")) &&
           std::all_of(text.begin(), text.end(), is_alnum);
}

bool is_cloud_key(string_view text) {
    return text.size() == 40 &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_token_byte(c, "+/"); });
}

void mark_key_after_id(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("IA", at)) != kNpos; ++at) {
        size_t id = at - 2, key = at + 19;
        if (at < 2 || key > text.size() || !is_key_id(text.substr(id, 20))) continue;
        if (is_cloud_key(text.substr(key, 40))) word.mark(key, key + 40);
    }
}

void mark_private_keys(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("PRIVATE KEY-----", at)) != kNpos;) {
        bool ends = text.substr(at > 24 ? at - 24 : 0, std::min<size_t>(at, 24)).find("END ") != kNpos;
        at += 16;
        if (ends) continue;
        size_t begin = std::min(text.find_first_not_of("\r\n", at), text.size());
        size_t end = std::min(text.find("-----END", begin), text.size());
        word.mark(begin, end);
        at = end;
    }
}

// <password>x</password>
void mark_elements(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('>', at)) != kNpos;) {
        string_view name = name_before(text, at++);
        size_t name_at = static_cast<size_t>(name.data() - text.data());
        if (name.empty() || name_at == 0 || !has("<:", text[name_at - 1]) || !rules::names_secret(name))
            continue;
        size_t end = std::min(text.find('<', at), text.size());
        mark_likely(word, at, end);
        at = end;
    }
}

void mark_text(Word& word, int depth) {
    mark_urls(word);
    mark_secret_paths(word);
    mark_data_sources(word);
    mark_assignments(word, depth);
    mark_settings(word);
    mark_strings(word);
    mark_calls(word);
    mark_inserts(word);
    mark_substitution(word);
    mark_bare_fields(word);
    mark_anchored_headers(word);
    mark_inner_headers(word);
    mark_schemes(word);
    mark_web_tokens(word);
    mark_tokens(word);
    mark_key_after_id(word);
    mark_private_keys(word);
    mark_elements(word);
}

// ---- shell lines ------------------------------------------------------------------------------------

struct Command {
    std::vector<Word*> words;
    std::vector<Word*> input;                   // here-strings and here-documents
    std::vector<Word*> files;                   // what it is redirected to
    size_t writers_begin = 0, writers_end = 0;  // the commands whose output it reads through a pipe
    size_t group_begin = 0, group_end = 0;      // the commands of a ( ) group in its place, or of its <( )
};

struct Line {
    std::deque<Word> words;  // a deque: commands point into it while it grows
    std::vector<Command> commands;
};

// Splits a shell line into commands and words, well enough to find options in it. Not a parser: keywords are
// wrappers to it, and a quote that is never closed is a byte like any other (sudo logs lines without quotes).
class Lexer {
public:
    explicit Lexer(string_view text)
        : text_(text), last_single_(text.rfind('\'')), last_double_(text.rfind('"')) {
        line_.commands.emplace_back();
        frames_.push_back({});
    }
    Line run() {
        while (pos_ < text_.size()) top().quoted ? in_double_quotes() : outside_quotes();
        while (frames_.size() > 1) close();
        end_word();
        return std::move(line_);
    }

private:
    enum class Target { kArgument, kFile, kString, kDocument };
    struct Frame {
        size_t command = 0;
        size_t first_command = 0;
        Word* word = nullptr;
        Target target = Target::kArgument;
        bool quoted = false;
        char closer = 0;
        size_t begin = 0;     // where "$(" stood
        size_t hole = kNpos;  // its place in the outer word; kNpos for a group
    };
    struct Document {
        std::string delimiter;
        size_t command;
    };

    Frame& top() { return frames_.back(); }
    Command& command() { return line_.commands[top().command]; }
    char peek(size_t ahead = 1) const { return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0'; }
    static bool later(size_t last, size_t pos) { return last != kNpos && last > pos; }

    Word& word() {
        if (!top().word) top().word = &line_.words.emplace_back();
        return *top().word;
    }
    void append(char c, size_t begin, size_t end) {
        word().text.push_back(c);
        word().origin.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    }
    void take() {
        append(text_[pos_], pos_, pos_ + 1);
        ++pos_;
    }
    void take_escaped() {
        append(text_[pos_ + 1], pos_, pos_ + 2);
        pos_ += 2;
    }

    void in_double_quotes() {
        char c = text_[pos_];
        if (c == '"') {
            top().quoted = false;
            ++pos_;
        } else if (c == '\\' && has("\"\\$`", peek()) && peek()) {
            take_escaped();
        } else if (!substitution()) {
            take();
        }
    }

    void outside_quotes() {
        char c = text_[pos_];
        if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
            ++pos_;
        } else if (c == '\n') {
            end_line();
        } else if (c == '<' || c == '>' || (c == '&' && peek() == '>')) {
            redirect();
        } else if (c == ')' && top().closer == ')') {
            close();
        } else if (has(";&|)", c)) {
            separate(c);
        } else if (c == '(') {
            open(1, ')');
        } else if (!quote(c) && !substitution()) {
            take();
        }
    }

    bool quote(char c) {
        if (c == '\\' && pos_ + 1 < text_.size()) return take_escaped(), true;
        if (c == '$' && peek() == '\'') return ansi_quoted(), true;
        if (c == '$' && peek() == '"' && later(last_double_, pos_ + 1)) return ++pos_, true;
        if (c == '\'' && later(last_single_, pos_)) return single_quoted(), true;
        if (c != '"' || !later(last_double_, pos_)) return false;
        word();
        top().quoted = true;
        return ++pos_, true;
    }

    void single_quoted() {
        word();
        for (++pos_; text_[pos_] != '\'';) take();
        ++pos_;
    }

    void ansi_quoted() {
        word();
        for (pos_ += 2; pos_ < text_.size() && text_[pos_] != '\'';) {
            if (text_[pos_] == '\\' && has("'\\", peek()) && peek()) ++pos_;
            take();
        }
        pos_ = std::min(pos_ + 1, text_.size());
    }

    // $( and ` open a frame; a plain $ only notes that the shell will put something here.
    bool substitution() {
        char c = text_[pos_];
        if (c == '`' && top().closer == '`' && !top().quoted) return close(), true;
        if (c == '`') return open(1, '`'), true;
        if (c != '$') return false;
        if (peek() == '(') return open(2, ')'), true;
        if (is_alnum(peek()) || has("_{?@*#", peek())) word().expands = true;
        return false;
    }

    void open(size_t length, char closer) {
        if (frames_.size() >= kMaxFrames) return take();
        Frame inner;
        inner.closer = closer;
        inner.begin = pos_;
        if (length == 2 || closer == '`')
            inner.hole = make_hole();
        else
            end_word();
        pos_ += length;
        inner.command = inner.first_command = line_.commands.size();
        line_.commands.emplace_back();
        frames_.push_back(inner);
    }

    // "$()" stands in the word for the output; its first byte will cover all of "$(...)".
    size_t make_hole() {
        size_t hole = word().text.size();
        word().expands = true;
        for (char c : {'$', '(', ')'}) append(c, pos_, pos_);
        return hole;
    }

    void close() {
        end_word();
        Frame inner = top();
        pos_ = std::min(pos_ + 1, text_.size());
        frames_.pop_back();
        if (inner.hole != kNpos) {
            word().origin[inner.hole] = {static_cast<uint32_t>(inner.begin), static_cast<uint32_t>(pos_)};
        } else {
            command().group_begin = inner.first_command;
            command().group_end = line_.commands.size();
        }
    }

    void end_word() {
        Word* word = std::exchange(top().word, nullptr);
        if (!word) return;
        switch (std::exchange(top().target, Target::kArgument)) {
            case Target::kArgument:
                command().words.push_back(word);
                break;
            case Target::kFile:
                command().files.push_back(word);
                break;
            case Target::kString:
                command().input.push_back(word);
                break;
            case Target::kDocument:
                documents_.push_back({word->text, top().command});
                break;
        }
    }

    void separate(char c) {
        end_word();
        bool pipe = c == '|' && peek() != '|';
        pos_ += c == '|' && !pipe ? 2 : 1;
        next_command(pipe);
    }

    void next_command(bool pipe) {
        size_t writer = top().command;
        if (command().words.empty() && command().input.empty() && command().group_end == 0) return;
        match_braces(writer);
        bool group = command().group_end > 0;
        top().command = line_.commands.size();
        Command& next = line_.commands.emplace_back();
        const Command& old = line_.commands[writer];
        if (!pipe) return;
        next.writers_begin = group ? old.group_begin : writer;
        next.writers_end = group ? old.group_end : writer + 1;
    }

    // { a; b; } is a group too; its braces are words.
    void match_braces(size_t index) {
        Command& current = line_.commands[index];
        if (current.words.empty()) return;
        if (current.words[0]->text == "{") braces_.push_back(index);
        if (current.words[0]->text != "}" || braces_.empty()) return;
        current.group_begin = braces_.back();
        current.group_end = index;
        braces_.pop_back();
    }

    void redirect() {
        // The descriptor in "2>" is no argument.
        Word* pending = top().word;
        if (pending && pending->text.size() == 1 && is_digit(pending->text[0]))
            top().word = nullptr;
        else
            end_word();
        size_t end = text_.find_first_not_of("<>&|-", pos_);
        string_view sign = text_.substr(pos_, end - pos_);
        pos_ = std::min(end, text_.size());
        if (pos_ < text_.size() && text_[pos_] == '(') return open(1, ')');
        top().target = sign.starts_with("<<<")  ? Target::kString
                       : sign.starts_with("<<") ? Target::kDocument
                                                : Target::kFile;
    }

    void end_line() {
        end_word();
        ++pos_;
        for (const Document& document : std::exchange(documents_, {})) read_document(document);
        next_command(false);
    }

    void read_document(const Document& document) {
        Word& body = line_.words.emplace_back();
        while (pos_ < text_.size()) {
            size_t begin = pos_;
            pos_ = std::min(text_.find('\n', begin), text_.size());
            string_view row = text_.substr(begin, pos_ - begin);
            row.remove_prefix(std::min(row.find_first_not_of('\t'), row.size()));
            pos_ = std::min(pos_ + 1, text_.size());
            if (row == document.delimiter) break;
            for (size_t at = begin; at < pos_; ++at) {
                body.text.push_back(text_[at]);
                body.origin.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + 1)});
            }
        }
        line_.commands[document.command].input.push_back(&body);
    }

    string_view text_;
    size_t last_single_, last_double_;
    size_t pos_ = 0;
    Line line_;
    std::vector<Frame> frames_;
    std::vector<Document> documents_;
    std::vector<size_t> braces_;
};

// ---- commands ---------------------------------------------------------------------------------------

string_view base_name(string_view path) {
    string_view name = path.substr(path.rfind('/') + 1);
    if (name.starts_with('-') && name.size() > 1) name.remove_prefix(1);  // a login shell
    return name;
}

// "impacket-psexec", "psexec.py", "python3.11" and "gpg2" are known by shorter names.
const rules::Tool* find_program(string_view typed, std::string& name) {
    name = rules::canonical_name(base_name(typed));
    if (const rules::Tool* tool = rules::find_tool(name)) return tool;
    for (string_view prefix : {"impacket-", "pth-"})
        if (string_view(name).starts_with(prefix)) name.erase(0, prefix.size());
    for (string_view ending : {".py", ".exe", ".pl", ".sh", ".bin", ".cmd"})
        if (string_view(name).ends_with(ending)) name.erase(name.size() - ending.size());
    if (const rules::Tool* tool = rules::find_tool(name)) return tool;
    name.erase(name.find_last_not_of("0123456789.-") + 1);
    return rules::find_tool(name);
}

bool is_option(string_view text) { return text.size() > 1 && text[0] == '-'; }

// NAME=value in front of a command.
bool is_environment(string_view text) {
    size_t equals = text.find('=');
    return equals != kNpos && equals > 0 && !is_digit(text[0]) &&
           std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(equals),
                       [](char c) { return is_alnum(c) || c == '_'; });
}

void mask_command(Words words, int depth, bool flat);

// One command, without the command it may run in turn.
class CommandMasker {
public:
    CommandMasker(Words words, int depth, bool flat) : words_(words), depth_(depth), flat_(flat) {}

    // Marks the secrets; returns the words of the command this one runs, if any.
    Words run() {
        skip_schedule();
        while (!words_.empty() && is_environment(words_[0]->text)) words_ = words_.subspan(1);
        if (words_.empty()) return {};
        size_t first = is_option(words_[0]->text) ? 0 : 1;
        if (first) identify();
        for (size_t i = first; i < words_.size() && inner_ == kNpos;) i += std::max<size_t>(step(i), 1);
        for (const rules::Tool* tool : chain_)
            for (const rules::OperandRule* rule : tool->operands) apply(*rule);
        return inner_ == kNpos ? Words() : words_.subspan(inner_);
    }

private:
    string_view text(size_t i) const { return words_[i]->text; }

    // "0 3 * * * command" of a crontab
    void skip_schedule() {
        auto is_time = [](const Word* word) {
            return word->text.find_first_not_of("0123456789*/,-") == kNpos;
        };
        if (words_.size() > 5 && std::all_of(words_.begin(), words_.begin() + 5, is_time))
            words_ = words_.subspan(5);
    }

    void identify() {
        if (has_blank(text(0))) mask_shell_line(*words_[0], 0, kNpos, depth_, flat_);
        if (const rules::Tool* tool = find_program(text(0), name_))
            chain_.push_back(tool);
        else
            name_ = base_name(text(0));
        if (command_after() != rules::kSearches) return;
        for (Word* word : words_.subspan(1)) {
            word->is_pattern = true;
            bool substitutes = word->text.size() > 2 && word->text[0] == 's' && !is_alnum(word->text[1]);
            if (name_.ends_with("sed") && substitutes) word->stop = word->text[1];
        }
    }

    // The most specific row that says how the words are read.
    const rules::Program* program() const {
        for (auto tool = chain_.rbegin(); tool != chain_.rend(); ++tool)
            if ((*tool)->program) return (*tool)->program;
        return nullptr;
    }
    int command_after() const { return program() ? program()->command_after : rules::kNoCommand; }

    size_t step(size_t i) {
        if (text(i) == "--" && !only_operands_) {
            only_operands_ = true;
            return 1;
        }
        if (size_t used = prefixed(i)) return used;
        if (!is_option(text(i))) return operand(i);
        if (!only_operands_) return option(i);
        size_t used = named_option(i);  // start-stop-daemon ... -- --secret-key SECRET
        return used ? used : operand(i);
    }

    size_t operand(size_t i) {
        if (descend(i)) return 1;
        if (command_after() == static_cast<int>(operands_.size())) {
            inner_ = i;
            return 1;
        }
        if (entrypoint_ && operands_.empty()) return run_entrypoint(i);
        if (command_after() < 0 && has_blank(text(i)) && runs_operands())
            mask_shell_line(*words_[i], 0, kNpos, depth_, flat_);
        operands_.push_back(i);
        return 1;
    }

    // docker run --entrypoint PROGRAM image arguments
    size_t run_entrypoint(size_t image) {
        std::vector<Word*> command(words_.begin() + static_cast<ptrdiff_t>(image), words_.end());
        command[0] = entrypoint_;
        if (depth_ < kMaxDepth) mask_command(command, depth_ + 1, flat_);
        return words_.size();
    }

    bool runs_operands() const { return name_ == "tmux" || name_ == "screen" || name_ == "deluge-console"; }

    // "docker" then "login": from here on the rules of both apply.
    bool descend(size_t i) {
        if (chain_.empty() || !operands_.empty() || only_operands_) return false;
        std::string longer = name_ + " ";
        longer.append(text(i).substr(0, kMaxName));
        const rules::Tool* tool = rules::find_tool(longer);
        if (!tool) return false;
        chain_.push_back(tool);
        name_ = std::move(longer);
        return true;
    }

    // ---- options

    const rules::OptionRule* find_rule(string_view option) const {
        for (auto tool = chain_.rbegin(); tool != chain_.rend(); ++tool)
            for (const rules::OptionRule* rule : (*tool)->options)
                if (any_of(rule->options, ' ', [&](string_view name) { return name == option; })) return rule;
        return nullptr;
    }

    // "/p:secret", "userid=scott/tiger"
    size_t prefixed(size_t i) {
        for (const rules::Tool* tool : chain_)
            for (const rules::OptionRule* rule : tool->options) {
                size_t length = 0;
                any_of(rule->options, ' ', [&](string_view name) {
                    bool prefix =
                        has(":=>", name.back()) || (rule->take == rules::kAttached && name.size() > 2 &&
                                                    name[1] != '-');  // rar -hpSECRET
                    if (prefix && text(i).starts_with(name)) length = name.size();
                    return length > 0;
                });
                if (length > 0) return apply(*rule, i, length);
            }
        return 0;
    }

    size_t option(size_t i) {
        size_t equals = std::min(text(i).find('='), text(i).size());
        if (equals > 2 || equals == text(i).size())
            if (const rules::OptionRule* rule = find_rule(text(i).substr(0, equals)))
                return apply(*rule, i, equals + 1);
        if (text(i)[1] != '-')
            if (size_t used = bundle(i)) return used;
        if (text(i) == "--entrypoint" && i + 1 < words_.size()) entrypoint_ = words_[i + 1];
        if (size_t used = named_option(i)) return used;
        if (size_t used = option_beside_user(i)) return used;
        return takes_value(text(i)) && i + 1 < words_.size() ? 2 : 1;
    }

    // -xzPsecret: which letter is the one with the value?
    size_t bundle(size_t i) {
        char letter[] = {'-', ' '};
        for (size_t at = 1; at < text(i).size(); ++at) {
            letter[1] = text(i)[at];
            if (!is_alnum(letter[1])) return 0;
            string_view option(letter, 2);
            const rules::OptionRule* rule = find_rule(option);
            if (!program() && rule && rule->take == rules::kNext && text(i).size() > 2)
                return 0;  // openssl -key
            if (rule) return apply(*rule, i, at + 1);
            if (!program()) return 0;
            if (!takes_value(option)) continue;
            return at + 1 == text(i).size() && at > 1 ? 2
                   : at > 1 || text(i).size() > 2     ? bundle_value(i)
                                                      : 0;
        }
        return 0;
    }
    // "-token x" of a program that also has "-t": a long name that means a secret wins.
    size_t bundle_value(size_t i) {
        return rules::names_secret(without_dashes(text(i).substr(0, kMaxName))) ? 0 : 1;
    }

    bool takes_value(string_view option) const {
        if (!program() || option.find('=') != kNpos) return false;
        string_view list = program()->valued;
        bool inverted = list.starts_with('!');
        if (inverted) list.remove_prefix(1);
        if (inverted && option.size() > 2 && option[1] != '-') return false;  // -it
        return any_of(list, ' ', [&](string_view name) { return name == option; }) != inverted;
    }

    // `at`: where the attached value begins, beyond the end if there is none.
    size_t apply(const rules::OptionRule& rule, size_t i, size_t at) {
        if (rule.secret == Secret::kNone) return apply_exception(rule, i, at);
        if (at < text(i).size() && (rule.take & rules::kAttached)) {
            bool short_equals = text(i)[at] == '=' && at == 2;
            mask_value(rule.secret, i, at + short_equals);
            return 1;
        }
        if (!(rule.take & rules::kNext) || i + 1 >= words_.size()) return 1;
        if (rule.take == rules::kMaybe && is_option(text(i + 1))) return 1;
        return 1 + mask_value(rule.secret, i + 1, 0);
    }

    size_t apply_exception(const rules::OptionRule& rule, size_t i, size_t at) {
        bool attached = at < text(i).size();
        if (attached) words_[i]->is_done = true;
        bool next = !attached && (rule.take & rules::kNext) && i + 1 < words_.size();
        if (next) words_[i + 1]->is_done = true;
        return next ? 2 : 1;
    }

    // Returns how many words the value is.
    size_t mask_value(Secret secret, size_t i, size_t at) {
        switch (secret) {
            case Secret::kLine:
                return mask_line_value(i, at);
            case Secret::kCommand:
                return mask_command_value(i);
            case Secret::kNamedNext:
                return mask_named_value(i);
            case Secret::kTwo:
                return mask_two_values(i);
            default:
                mark_secret(*words_[i], at, secret);
                return 1;
        }
    }

    size_t mask_line_value(size_t i, size_t at) {
        if (has_blank(text(i).substr(at)))
            mask_shell_line(*words_[i], at, kNpos, depth_, flat_);
        else if (flat_ && at == 0)
            inner_ = i;  // the quotes are lost: what follows is the line
        return 1;
    }

    size_t mask_command_value(size_t i);

    size_t mask_two_values(size_t i) {
        size_t end = std::min(i + 2, words_.size());
        for (size_t k = i; k < end; ++k) mark_secret(*words_[k], 0, Secret::kAll);
        return end - i;
    }

    size_t mask_named_value(size_t i) {
        if (i + 1 >= words_.size()) return 1;
        if (rules::names_secret(text(i))) mark_secret(*words_[i + 1], 0, Secret::kAll);
        return 2;
    }

    // --db-password SECRET of a program without a row.
    size_t named_option(size_t i) {
        if (command_after() == rules::kSearches) return 0;
        string_view name = text(i).substr(0, text(i).find('='));
        bool attached = name.size() < text(i).size();
        name = without_dashes(name);
        bool usable = name.size() > 2 || name == "v";
        if (!usable || attached || i + 1 >= words_.size() || is_option(text(i + 1))) return 0;
        if (rules::names_login(name)) {
            if (is_login(text(i + 1))) mark_secret(*words_[i + 1], 0, Secret::kUserColon);
            return 2;
        }
        if (!rules::names_secret(name) && !is_value_of_secret(name, i)) return 0;
        if (name.ends_with("pass") && text(i + 1).size() == 1) return 0;  // --pass 2 of a video encoder
        mark_likely(*words_[i + 1], 0, kNpos);
        return 2;
    }

    // --name db_password --value SECRET
    bool is_value_of_secret(string_view name, size_t i) const {
        if (i < 3 || !is_option(text(i - 2)) || !rules::names_secret(text(i - 1))) return false;
        for (char c : text(i - 1))
            if (!is_name_byte(c) && c != '/') return false;
        return name == "v" || name == "value" || name == "data" || name == "body";
    }

    // "-u bob -p SECRET" of a program that no table knows "-p" of.
    size_t option_beside_user(size_t i) {
        if ((text(i) != "-p" && text(i) != "-P") || i + 1 >= words_.size() || is_option(text(i + 1)))
            return 0;
        if (takes_value(text(i)) || rules::keeps_p_plain(name_) ||
            text(i + 1).find_first_not_of("0123456789:,-") == kNpos)
            return 0;
        size_t from = i >= 8 ? i - 8 : 1;
        for (size_t k = from; k + 1 < std::min(words_.size(), i + 8); ++k) {
            if (text(k) != "-u" && text(k) != "-U" && text(k) != "--user" && text(k) != "--username")
                continue;
            if (!is_option(text(k + 1)) && is_user(text(k + 1)))
                return mark_likely(*words_[i + 1], 0, kNpos), 2;
        }
        return 0;
    }

    // ---- operands

    void apply(const rules::OperandRule& rule) {
        if (!rule.needs.empty() && !needs_met(rule.needs)) return;
        if (rule.secret == Secret::kNone) return;
        std::array<string_view, 12> tokens;
        size_t count = 0;
        any_of(rule.pattern, ' ',
               [&](string_view token) { return tokens[count++] = token, count == tokens.size(); });
        std::span<const string_view> pattern(tokens.data(), count);
        if (pattern[0] != "...") return void(match(pattern, 0, rule.secret));
        for (size_t start = 0; start < operands_.size(); ++start)
            match(pattern.subspan(1), start, rule.secret);
    }

    bool needs_met(string_view needs) const {
        for (Word* word : words_.subspan(1)) {
            string_view text = word->text;
            if (text.find(needs.size() == 2 && needs[0] == '-' ? needs.substr(1) : needs) == kNpos) continue;
            bool letter = needs.size() == 2 && needs[0] == '-';
            if (!letter || (is_option(text) && text[1] != '-')) return true;
        }
        return false;
    }

    void match(std::span<const string_view> pattern, size_t start, Secret secret) {
        std::optional<size_t> found;
        size_t at = start;
        for (string_view token : pattern) {
            if (token == "...") break;
            if (token == "$") {
                if (at != operands_.size()) return;
                break;
            }
            if (at >= operands_.size() || !token_matches(token, text(operands_[at]))) return;
            if (token == "*...") return mask_from(at, secret);
            if (token == "*") found = at;
            ++at;
        }
        if (!found) return;
        if (std::find(pattern.begin(), pattern.end(), "?") != pattern.end())
            mark_likely(*words_[operands_[*found]], 0, kNpos);
        else
            mask_value(secret, operands_[*found], 0);
    }

    static bool token_matches(string_view token, string_view text) {
        if (token == "_" || token == "*" || token == "*...") return true;
        if (token == "?")
            return rules::names_secret(text) && (text.starts_with("//") || !text.starts_with('/'));
        if (token.starts_with('!')) return !token_matches(token.substr(1), text);
        return any_of(token, '|', [&](string_view name) { return equal_ignoring_case(name, text); });
    }

    void mask_from(size_t at, Secret secret) {
        for (; at < operands_.size(); ++at) mask_value(secret, operands_[at], 0);
    }

    Words words_;
    int depth_;
    bool flat_;
    std::string name_;
    std::vector<const rules::Tool*> chain_;
    std::vector<size_t> operands_;
    size_t inner_ = kNpos;
    bool only_operands_ = false;
    Word* entrypoint_ = nullptr;
};

// A command and the commands it runs: sudo env A=b ssh host docker exec ...
void mask_command(Words words, int depth, bool flat) {
    while (!words.empty()) words = CommandMasker(words, depth, flat).run();
}

// find -exec command ... ;
size_t CommandMasker::mask_command_value(size_t i) {
    size_t end = i;
    while (end < words_.size() && text(end) != ";" && text(end) != "+") ++end;
    if (depth_ < kMaxDepth) mask_command(words_.subspan(i, end - i), depth_ + 1, flat_);
    return std::max<size_t>(end - i, 1);
}

// ---- pipelines --------------------------------------------------------------------------------------

// What the command expects on its input, if that is a secret.
std::optional<Secret> secret_input(const Command& command) {
    for (const rules::InputRule& rule : rules::input_rules()) {
        bool program = false, needs = rule.needs.empty();
        for (const Word* word : command.words) {
            string_view name = base_name(word->text);
            program |= any_of(rule.programs, ',', [&](string_view known) { return known == name; });
            needs |= word->text == rule.needs || (rule.needs == "stdin" && word->text.ends_with("stdin"));
        }
        if (program && needs) return rule.secret;
    }
    return std::nullopt;
}

void mark_input(Word& word, Secret secret, int depth) {
    if (secret == Secret::kLine)
        mask_shell_line(word, 0, kNpos, depth, false);
    else
        mark_secret(word, 0, secret);
}

// echo SECRET | program
void mark_output(const Command& writer, Secret secret, int depth) {
    Words words = writer.words;
    if (!words.empty() && words[0]->text == "{") words = words.subspan(1);
    if (words.empty()) return;
    string_view name = base_name(words[0]->text);
    if (name != "echo" && name != "printf" && name != "yes") return;
    for (size_t i = 1; i < words.size(); ++i) {
        Word& word = *words[i];
        bool is_format = name == "printf" && i == 1 && words.size() > 2;
        if (!is_option(word.text) && !is_format) mark_input(word, secret, depth);
    }
}

// What the command writes by echo or gets by here-string or here-document.
void mark_written(const Command& command, Secret secret, int depth) {
    mark_output(command, secret, depth);
    for (Word* word : command.input) mark_input(*word, secret, depth);
}

// echo SECRET > file, echo SECRET | tee file
void mask_files(const Line& line, const Command& command, int depth) {
    for (const Word* file : command.files)
        if (auto secret = rules::secret_of_file(file->text)) mark_written(command, *secret, depth);
    auto is_tee = [](const Word* word) { return base_name(word->text) == "tee"; };
    if (!std::any_of(command.words.begin(), command.words.end(), is_tee)) return;
    auto secret = rules::secret_of_file(command.words.back()->text);
    for (size_t i = command.writers_begin; secret && i < command.writers_end; ++i)
        mark_written(line.commands[i], *secret, depth);
}

// wg set wg0 private-key <(echo SECRET)
void mask_substitutions(const Line& line, const Command& command, int depth) {
    if (command.group_begin == command.group_end) return;
    bool wanted = std::any_of(command.words.begin(), command.words.end(), [](const Word* word) {
        string_view name = without_dashes(word->text);
        for (string_view about : {"-file", "file", "-f"})
            if (name.ends_with(about) && name.size() > about.size()) name.remove_suffix(about.size());
        return rules::names_secret(name) || base_name(word->text) == "sshpass";
    });
    for (size_t i = command.group_begin; wanted && i < command.group_end; ++i)
        mark_output(line.commands[i], Secret::kAll, depth);
}

void mask_pipes(const Line& line, int depth) {
    for (const Command& command : line.commands) {
        mask_files(line, command, depth);
        if (!command.words.empty() && command.words[0]->text != "}") mask_substitutions(line, command, depth);
        if (command.input.empty() && command.writers_begin == command.writers_end) continue;
        std::optional<Secret> secret = secret_input(command);
        if (!secret) continue;
        for (Word* word : command.input) mark_input(*word, *secret, depth);
        for (size_t i = command.writers_begin; i < command.writers_end; ++i)
            mark_written(line.commands[i], *secret, depth);
    }
}

// ---- all of it --------------------------------------------------------------------------------------

void mask_words(Words words, int depth) {
    for (size_t i = 0; i < words.size(); ++i) {
        if (i > 0 && is_key_id(words[i - 1]->text) && is_cloud_key(words[i]->text))
            words[i]->mark(0, words[i]->text.size());
        if (!words[i]->is_done) mark_text(*words[i], depth);
    }
}

// Marks the secrets of the shell line in [begin, end) of `word`. False if that is too deep to be looked at.
bool mask_shell_line(Word& word, size_t begin, size_t end, int depth, bool flat) {
    end = std::min(end, word.text.size());
    if (depth >= kMaxDepth || begin > end || end - begin > kMaxLine || word.is_done) return false;
    word.is_done = true;
    Line line = Lexer(string_view(word.text).substr(begin, end - begin)).run();
    for (const Command& command : line.commands) mask_command(command.words, depth + 1, flat);
    mask_pipes(line, depth + 1);
    std::vector<Word*> words;
    for (Word& part : line.words) words.push_back(&part);
    mask_words(words, depth + 1);
    for (const Word& part : line.words) part.carry_marks_to(word, begin);
    return true;
}

bool mask_args_once(std::vector<std::string>& argv) {
    std::vector<Word> words(argv.size());
    std::vector<Word*> pointers;
    for (size_t i = 0; i < argv.size(); ++i) {
        words[i].text = std::move(argv[i]);
        pointers.push_back(&words[i]);
    }
    mask_command(pointers, 0, false);
    mask_words(pointers, 0);
    bool changed = false;
    for (size_t i = 0; i < argv.size(); ++i) {
        changed |= !words[i].marks.empty();
        argv[i] = words[i].marks.empty() ? std::move(words[i].text) : words[i].masked();
    }
    return changed;
}

template <class Marker>
bool mask_text_once(std::string& text, Marker marker) {
    Word word;
    word.text = std::move(text);
    marker(word);
    bool changed = !word.marks.empty();
    text = changed ? word.masked() : std::move(word.text);
    return changed;
}

// Masking can change how the rest reads (hostile input only), so it is repeated until nothing changes. Every
// round removes a byte that is not "*"; what has not settled after a few is an attack and is masked whole.
template <class Once, class Whole>
bool settle(Once once, Whole whole) {
    constexpr int kMaxRounds = 8;
    for (int round = 0; round < kMaxRounds; ++round)
        if (!once()) return round > 0;
    whole();
    return true;
}

}  // namespace

bool mask_args(std::vector<std::string>& argv) {
    return settle([&] { return mask_args_once(argv); },
                  [&] { std::fill(argv.begin(), argv.end(), std::string(kMask)); });
}

bool mask_command_line(std::string& line) {
    auto mark = [](Word& word) {
        if (!mask_shell_line(word, 0, kNpos, 0, true)) mark_text(word, 0);
        mark_inner_headers(word);  // "-H X-Api-Key: abc" lost its quotes
        mark_schemes(word);
    };
    return settle([&] { return mask_text_once(line, mark); }, [&] { line = kMask; });
}

bool mask_url(std::string& text) {
    auto mark = [](Word& word) {
        mark_urls(word);
        mark_secret_paths(word);
        mark_parameters(word);
        mark_tokens(word);
    };
    return settle([&] { return mask_text_once(text, mark); }, [&] { text = kMask; });
}

}  // namespace whodid
