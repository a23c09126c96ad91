// SPDX-License-Identifier: Apache-2.0
// Login key: where the host's files have the key that let somebody in, or that of the authority who signed
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/host.h"
#include "enrich/processes.h"
#include "enrich/sshd_line.h"

namespace whodid {

/// A key that was found, and what led to it.
struct LoginKey {
    std::string comment;
    /// Path and as much of the text as it takes to find it again: a recording takes these along. Of a key's
    /// line its type, key and comment: options may hold secrets.
    std::vector<std::pair<std::string, std::string>> files;
};

/// Of a key: its line in sshd's default files (sshd_config(5), AuthorizedKeysFile) in the account's home,
/// which the account can write. Of a certificate: its authority's in TrustedUserCAKeys, which it cannot; a
/// certificate without such a line was taken because the account's own files name the authority.
///
/// Files are looked for as the login program sees them: it, or the listener it came from, may have a mount
/// namespace of its own. nullopt also where /etc/passwd does not have the account, or the keys are elsewhere.
std::optional<LoginKey> find_login_key(const Host& host, const Processes& processes,
                                       const Snapshot& login_program, const SshdLine& accepted);

}  // namespace whodid
