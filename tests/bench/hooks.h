// SPDX-License-Identifier: Apache-2.0
// What the sensor's hooks add to the calls that they are at, held against programs of the benchmark's own at
// the same places: how much of it is the place's price, and how much the sensor's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "daemon.h"
#include "effort.h"
#include "sensor.h"
#include "site.h"
#include "stats.h"

namespace whodid::bench {

struct HookRow {
    std::string name;
    std::string measure;  // of a program of the benchmark: how it is called where others are held against it
    std::string not_run;  // why there are no figures
    std::vector<Pairs> loads;  // CPU ns of one operation, in the order of Hooks::loads
    LedgerSums ledger;         // of the sensor's last run

    bool is_measure() const { return !measure.empty(); }
};

struct Hooks {
    std::vector<std::string> loads;
    std::vector<HookRow> rows;  // a measure comes before what is held against it
};

/// What the row added, divided by what the measure added in the median: a few ns in a turn may be a few less
/// than none, which nothing is to be divided by.
inline Summary times(const HookRow& row, const HookRow& measure, std::size_t load) {
    const Summary added = row.loads[load].added();
    const double unit = measure.loads[load].added().median;
    return {added.q1 / unit, added.median / unit, added.q3 / unit};
}

/// Acts that are counted instead of told: folded in the service as it is, dropped by the gate in its profile
/// quiet; against an empty program.
Result<Hooks> measure_fold(const Site& site, const DaemonOptions& daemon, const Effort& effort);

/// Full records: against an empty program, and one that does no more than it takes to tell the act.
Result<Hooks> measure_floor(const Site& site, const DaemonOptions& daemon, const Effort& effort);

}  // namespace whodid::bench
