// SPDX-License-Identifier: Apache-2.0
// Lines of authorized_keys.
#include "enrich/authorized_keys.h"

#include <algorithm>

#include "base/escape.h"
#include "base/hash.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view skip_blanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

std::string_view take_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text = skip_blanks(text.substr(word.size()));
    return word;
}

// Options end at the first blank outside of quotes; within them a quote may be escaped.
std::string_view take_options(std::string_view& text) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < text.size(); ++end) {
        if (text[end] == '\\' && text.substr(end + 1).starts_with('"'))
            ++end;
        else if (text[end] == '"')
            quoted = !quoted;
        else if (!quoted && kBlanks.find(text[end]) != kBlanks.npos)
            break;
    }
    const std::string_view options = text.substr(0, end);
    text = skip_blanks(text.substr(std::min(end, text.size())));
    return options;
}

// A key begins with the name of its type behind 32 bits of length (RFC 4253, 6.6). sshd refuses one that
// names another type, and this tells a key from options.
bool is_key_of(std::string_view type, std::string_view key) {
    const auto bytes = from_base64(key);
    constexpr std::size_t kLength = 4;
    if (!bytes || type.empty() || type.size() > 0xff || bytes->size() <= kLength + type.size()) return false;
    const std::string_view length(bytes->data(), kLength);
    return length == std::string{0, 0, 0, static_cast<char>(type.size())} &&
           std::string_view(*bytes).substr(kLength).starts_with(type);
}

bool take_key(std::string_view& text, AuthorizedKey& line) {
    std::string_view rest = text;
    line.type = take_word(rest);
    line.key = take_word(rest);
    if (!is_key_of(line.type, line.key)) return false;
    text = rest;
    return true;
}

}  // namespace

std::optional<AuthorizedKey> parse_authorized_key(std::string_view text) {
    text = skip_blanks(c_text(text));
    if (text.empty() || text.starts_with('#')) return std::nullopt;
    AuthorizedKey line;
    if (!take_key(text, line)) {
        line.options = take_options(text);
        if (!take_key(text, line)) return std::nullopt;
    }
    line.comment = c_text(text).substr(0, kKeyCommentMax);
    return line;
}

std::string key_fingerprint(std::string_view key) {
    const auto bytes = from_base64(key);
    if (!bytes) return {};
    std::string text = "SHA256:" + base64(sha256(*bytes));
    text.resize(text.find_last_not_of('=') + 1);
    return text;
}

std::optional<AuthorizedKey> find_authorized_key(std::string_view text, std::string_view fingerprint) {
    while (!text.empty()) {
        const auto line = parse_authorized_key(take_until(text, '\n'));
        if (line && key_fingerprint(line->key) == fingerprint) return line;
    }
    return std::nullopt;
}

}  // namespace whodid
