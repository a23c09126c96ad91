// SPDX-License-Identifier: Apache-2.0
// Other tools that tell opens, connects or execs, on the same loads in the same run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon.h"
#include "effort.h"
#include "site.h"
#include "stats.h"

namespace whodid::bench {

struct PeerLoad {
    std::string name;
    Pairs cpu, wall;                    // ns of one operation, of the load itself
    bool told = false;                  // the peer looks at such acts
    std::uint64_t acts = 0, lines = 0;  // what was done, and which of it the peer's lines tell

    double share_told() const { return static_cast<double>(lines) / static_cast<double>(acts); }
};

struct Peer {
    std::string name;
    std::string not_run;  // why there are no figures
    std::vector<PeerLoad> loads;
    std::vector<double> cpu_s_per_million;  // CPU seconds of the tool itself, of a million told acts
    std::uint64_t resident = 0;             // KiB, the most seen at the end of a run

    bool told_all() const {
        return std::ranges::all_of(loads, [](const PeerLoad& l) { return !l.told || l.lines >= l.acts; });
    }
};

inline const std::vector<std::string> kPeers = {
    "whodid", "bpftrace", "opensnoop", "execsnoop", "opensnoop-bpfcc", "execsnoop-bpfcc", "auditd"};

struct PeerOptions {
    std::vector<std::string> only;  // names; none: all
    bool audit = false;             // may switch audit on where it is off: see docs/bench.md
};

/// Each in turn, without and with it, `pairs` times; whodid is the first of them. Their lines go to files,
/// and are counted against the acts: one that prints nothing is not cheap but absent.
Result<std::vector<Peer>> measure_peers(const Site& site, const DaemonOptions& daemon, const Effort& effort,
                                        const PeerOptions& options);

}  // namespace whodid::bench
