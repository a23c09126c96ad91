// SPDX-License-Identifier: Apache-2.0
// Census: the JSON lines of a run, counted by kind and by who caused them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace whodid::bench {

struct KindSize {
    std::uint64_t lines = 0, bytes = 0, longest = 0;  // newlines included
    std::optional<std::uint64_t> compressed;          // bytes by zstd -3, all lines of the kind together
};

struct Census {
    std::map<std::string, KindSize> kinds;    // without the "whodid."
    std::map<pid_t, std::uint64_t> lines_of;  // by the process that acted, and by its parent
};

/// Reads `lines` from its start. With zstd(1) in PATH, each kind is compressed by a process of its own.
Result<Census> take_census(const Fd& lines);

bool has_zstd();

}  // namespace whodid::bench
