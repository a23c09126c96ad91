// SPDX-License-Identifier: Apache-2.0
// The sensor's resident memory with much to remember: processes that live, that lived, paths.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "daemon.h"
#include "effort.h"
#include "sensor.h"
#include "site.h"

namespace whodid::bench {

struct MemoryRow {
    std::string name;
    std::string not_run;  // why there are no figures
    Memory memory;
    bool most = false;  // `resident` is the most of the whole run, and all that is known
};

/// `effort.divisor` above 1: fewer of everything.
Result<std::vector<MemoryRow>> measure_memory(const Site& site, const DaemonOptions& daemon,
                                              const Effort& effort);

}  // namespace whodid::bench
