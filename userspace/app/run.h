// SPDX-License-Identifier: Apache-2.0
// whodid run: the service. A supervisor that loads and holds the kernel side, and a worker that reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/live.h"
#include "app/options.h"
#include "source/loader.h"

namespace whodid {

constexpr std::uint64_t kForensicMaxNs = 72ull * 3600 * 1'000'000'000;
constexpr std::uint64_t kWatchdogNs = 60'000'000'000;

struct RunOptions {
    std::string output_path;               // JSON lines are appended to it; empty: standard output
    std::string person_map_path;           // empty: none
    std::vector<std::string> filters;      // expressions; what does not meet all of them is not told
    std::vector<std::string> watch_paths;  // watch files; "none": not the built-in list
    std::optional<Profile> profile;        // none: standard, or all that the filters keep
    std::uint64_t forensic_ns = 0;         // how long, from the start; at most kForensicMaxNs
    std::string forensic_reason;           // for the stream to say
    /// 0: none; not given: the profile's.
    std::optional<double> max_events_per_s, max_bytes_per_day, max_cpu_percent;
    std::string seen_path;  // the programs seen before; empty: since this worker
    LoadOptions load{.folds = true};
    std::uint64_t canary_ns = kCanaryNs, heartbeat_ns = kHeartbeatNs;
    std::uint64_t watchdog_ns = kWatchdogNs;  // a worker that does nothing for so long is replaced
    LedgerFormat ledger = LedgerFormat::kNone;
    bool quiet = false;    // no footer
    bool verbose = false;  // more on standard error
};

int run(const RunOptions& options);

}  // namespace whodid
