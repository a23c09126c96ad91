// SPDX-License-Identifier: Apache-2.0
// What the sensor adds to whole programs: a build, a search, a look at a repository.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon.h"
#include "effort.h"
#include "site.h"
#include "stats.h"

namespace whodid::bench {

struct WorkFigures {
    std::string name;
    std::string not_run;               // why there are no figures
    Pairs cpu, wall;                   // seconds of one run
    std::vector<double> sensor_cpu_s;  // of the sensor itself, meanwhile
    std::optional<double> events;      // that the sensor reported for one run

    /// The events' share of the CPU time without the sensor, at so many ns an event.
    std::optional<double> share_of(double event_ns) const {
        if (!events || cpu.size() == 0) return {};
        return *events * event_ns / (cpu.base().median * 1e9);
    }
};

struct Working {
    std::vector<WorkFigures> works;
    Pairs open;  // ns of open+close, of the same pairs: what an event costs
};

/// Pairs without and with the sensor, which runs as long as it takes all of them.
Result<Working> measure_work(const Site& site, const DaemonOptions& daemon, const Effort& effort);

}  // namespace whodid::bench
