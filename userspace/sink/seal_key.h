// SPDX-License-Identifier: Apache-2.0
// The file of the key that seals event files. A copy of its first state, kept elsewhere, checks all seals.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/seal.h"

namespace whodid {

std::string format_seal_key(const SealKey& key);
/// EBADMSG: it is none.
Result<SealKey> parse_seal_key(std::string_view text);

/// Errors name the file; ENOENT: there is none, EBADMSG: it holds none.
Result<SealKey> read_seal_key(const std::string& path);

/// Mode 0600. The old key is overwritten where it lay, once the new one is durable. A file system that writes
/// elsewhere (btrfs, a flash disk) may keep its blocks for a while.
Result<void> write_seal_key(const std::string& path, const SealKey& key);

}  // namespace whodid
