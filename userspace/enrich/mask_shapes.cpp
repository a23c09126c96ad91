// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_shapes.h"

#include "enrich/mask_values.h"

namespace whodid::mask_engine {
namespace {

// Where the authority of a URL ends: at the last "@" in it or right after "://" (kNpos: no user).
// A password may hold an unescaped "/", "?" or "#"; then what looks like the port is no number.
size_t user_end(string_view text, size_t begin) {
    size_t end = find_stop(text, "/?# \t\r\n\"'<>`", begin);
    string_view authority = text.substr(begin, end - begin);
    size_t at = authority.rfind('@');
    if (at != kNpos) return begin + at;
    size_t colon = authority.find(':');
    if (colon == kNpos || colon + 1 >= authority.size() || is_digit(authority[colon + 1])) return kNpos;
    string_view more = text.substr(begin, kMaxLookahead);
    at = more.substr(0, more.find_first_of(" \t\r\n\"'<>`")).rfind('@');
    return at != kNpos && at > colon ? begin + at : kNpos;
}

// Where the run of letters, digits and `more` that begins at `at` ends.
size_t end_of_run(string_view text, string_view more, size_t at) {
    while (at < text.size() && (is_alnum(text[at]) || has(more, text[at]))) ++at;
    return at;
}

// Not a word of a language: has a digit, "=" or capitals after small letters.
bool looks_encoded(string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (is_digit(text[i]) || text[i] == '=') return true;
        if (i > 0 && is_upper(text[i]) && is_lower(text[i - 1])) return true;
    }
    return false;
}

// The end of a token that begins at `at`, or `at`.
size_t token_end(string_view text, size_t at) {
    for (const rules::TokenPrefix& token : rules::tokens_that_begin(text[at])) {
        if (!text.substr(at).starts_with(token.prefix)) continue;
        size_t begin = at + token.prefix.size();
        string_view near = text.substr(0, begin + kMaxLookahead);
        size_t end = end_of_run(near, token.shape->more, begin);
        if (end - begin < token.shape->min || !looks_encoded(text.substr(begin, end - begin))) continue;
        return end_of_run(text, token.shape->more, end);
    }
    return at;
}

// AKIA... is an id; the 40 bytes that follow it are the key.
bool is_key_id(string_view text) {
    return text.size() == 20 && (text.starts_with("AKIA") || text.starts_with("ASIA")) &&
           std::all_of(text.begin(), text.end(), is_alnum);
}

bool is_cloud_key(string_view text) { return text.size() == 40 && end_of_run(text, "+/", 0) == 40; }

}  // namespace

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
            size_t end = find_stop(text, " \t\r\n\"'<>)", at);
            mark_certain(word, at, std::min(end, text.find_first_of(path.stops, at)));
            at = end;
        }
    }
}

void mark_data_sources(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('@', at)) != kNpos; ++at) {
        size_t end = end_of_run(text, "-_.", at + 1);
        if (end == text.size() || end == at + 1 || text.substr(at + 1).starts_with("sha")) continue;
        bool port = text[end] == ':' && end + 1 < text.size() && is_digit(text[end + 1]);
        if (!port && text[end] != '(') continue;
        size_t begin = at;
        while (begin > 0 && at - begin < kMaxLookahead && !has(" \t\r\n\"'`/=,;()<>&", text[begin - 1]))
            --begin;
        size_t colon = text.find(':', begin);
        if (colon < at && colon > begin && (begin == 0 || text[begin - 1] != '/'))
            mark_certain(word, colon + 1, at);
    }
}

void mark_schemes(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(' ', at)) != kNpos; ++at) {
        string_view scheme = name_before(text, at);
        if (!equal_ignoring_case(scheme, "bearer") && !equal_ignoring_case(scheme, "basic")) continue;
        size_t end = end_of_run(text, "-_.~+/=", at + 1);
        string_view value = text.substr(at + 1, end - at - 1);
        if (value.size() >= 8 && looks_encoded(value)) mark_certain(word, at + 1, end);
    }
}

// Each run is looked at once.
void mark_web_tokens(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("eyJ", at)) != kNpos;) {
        size_t begin = at;
        int parts = 0;
        for (; parts < 5; ++parts) {
            size_t run = at;
            at = end_of_run(text, "-_=", at);
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

void mark_key_after_id(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("IA", at)) != kNpos; ++at) {
        size_t id = at - 2, key = at + 19;
        if (at < 2 || key > text.size() || !is_key_id(text.substr(id, 20))) continue;
        if (is_cloud_key(text.substr(key, 40))) word.mark(key, key + 40);
    }
}

void mark_key_after_id(const Word& id, Word& key) {
    if (is_key_id(id.text) && is_cloud_key(key.text)) key.mark(0, kNpos);
}

void mark_private_keys(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find("PRIVATE KEY-----", at)) != kNpos;) {
        bool ends = bytes_before(text, at, 24).find("END ") != kNpos;
        at += 16;
        if (ends) continue;
        size_t begin = skip(text, "\r\n", at);
        size_t end = std::min(text.find("-----END", begin), text.size());
        word.mark(begin, end);
        at = end;
    }
}

}  // namespace whodid::mask_engine
