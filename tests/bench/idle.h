// SPDX-License-Identifier: Apache-2.0
// What the service takes while the benchmark does nothing.
#pragma once

#include "base/result.h"
#include "daemon.h"
#include "sensor.h"
#include "site.h"

namespace whodid::bench {

struct Idle {
    double seconds = 0;       // 0: not measured
    double cpu_s = 0;         // of all its processes
    double busy = 0;          // share of the CPUs that somebody had in use meanwhile
    std::uint64_t lines = 0;  // written meanwhile
    LedgerSums ledger;        // from its start to its end

    double share() const { return cpu_s / seconds; }
};

Result<Idle> measure_idle(const Site& site, const DaemonOptions& daemon, double seconds);

}  // namespace whodid::bench
