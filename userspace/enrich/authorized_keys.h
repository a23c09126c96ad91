// SPDX-License-Identifier: Apache-2.0
// Text of authorized_keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT): which line a login's key stands in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// One line. Views are borrowed from it.
struct AuthorizedKey {
    std::string_view options;  // "from=\"10.0.0.0/8\",command=\"...\"": may hold secrets
    std::string_view type;     // "ssh-ed25519"
    std::string_view key;      // base64
    std::string_view comment;  // up to kKeyCommentMax bytes of whatever its writer thought fit
};

constexpr std::size_t kKeyCommentMax = 128;

/// nullopt for blank lines, comments, and what holds no key of the type it names.
std::optional<AuthorizedKey> parse_authorized_key(std::string_view text);

/// As sshd logs it, "SHA256:" and base64 without padding. Empty when `key` is no base64.
std::string key_fingerprint(std::string_view key);

/// The first line with that key, as sshd takes the first. Linear in the size of `text`.
std::optional<AuthorizedKey> find_authorized_key(std::string_view text, std::string_view fingerprint);

}  // namespace whodid
