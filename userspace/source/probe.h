// SPDX-License-Identifier: Apache-2.0
// Probe: what this kernel and these rights offer, found out by trying.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "source/backend.h"

namespace whodid {

struct Finding {
    std::string what;  // "BTF", "tracefs", "tp_btf programs", ...
    bool ok;
    bool required;
    std::string detail;  // what was seen, or what is missing and how to get it
};

/// Everything `whodid check` prints, in order. Tries, never compares versions.
std::vector<Finding> probe_kernel();

/// The first required thing that is missing, as an Error with EPERM or EOPNOTSUPP; ok when nothing is.
Result<void> require_kernel();

/// Makes tracefs visible to this process, in a mount namespace of its own when the host has not mounted it.
Result<void> ensure_tracefs();

/// "/sys/kernel/tracing" or the older place; empty when there is none.
std::string tracefs_path();

/// What this kernel takes besides tracepoint programs: tiny ones are loaded, attached and must be hit.
/// Tried at the first call only.
Offers probe_offers();

/// Kernels before 5.12 refuse atomic instructions that return a value.
bool has_compare_and_swap();

}  // namespace whodid
