// SPDX-License-Identifier: Apache-2.0
// whodid record: this machine, into a file that `whodid replay` shows anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/live.h"
#include "source/loader.h"

namespace whodid {

struct RecordOptions {
    std::string path;
    /// Kinds of file and network events to keep, as for trace; empty: all. What carries the state of
    /// processes and logins is kept always.
    std::vector<std::string> kinds;
    std::string host_name;  // in place of the host's own, and of its machine-id; empty: none
    LoadOptions load;
    std::uint64_t duration_ns = 0;  // 0: until stopped
    std::uint64_t canary_ns = kCanaryNs;
    bool force = false;     // overwrite
    bool unmasked = false;  // secrets, typed names and log lines as they are
    bool quiet = false;     // no footer
};

int record(const RecordOptions& options);

}  // namespace whodid
