// SPDX-License-Identifier: Apache-2.0
// What a filter costs: a replay with it, against the same replay without.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "daemon.h"
#include "effort.h"
#include "site.h"
#include "stats.h"

namespace whodid::bench {

struct FilterRow {
    std::string form;
    unsigned terms = 0;
    Pairs cpu;  // CPU seconds of the replay
};

struct Filters {
    std::string not_run;
    std::uint64_t events = 0;  // of the recording
    std::vector<FilterRow> rows;
};

/// Every event passes every term, and is written: what differs is the filter alone.
Result<Filters> measure_filters(const Site& site, const DaemonOptions& daemon, const Effort& effort);

}  // namespace whodid::bench
