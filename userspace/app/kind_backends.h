// SPDX-License-Identifier: Apache-2.0
// Which sorts of programs in the kernel each kind of event comes from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/backend.h"

namespace whodid {

struct KindBackends {
    std::uint16_t kind = 0;
    std::vector<std::string> attached;  // "tracepoint", "fexit", "lsm", ...: sorted, each once
    bool partial = false;               // something of it is not seen on this kernel
};

/// "process.exec"; "unknown" for a number that is not in use, as in a ledger's first line.
std::string_view name_of_kind(std::uint16_t kind);

/// Of the kinds that come from hooks, in the order of the table.
std::vector<KindBackends> backends_of(const std::vector<Hook>& hooks);

}  // namespace whodid
