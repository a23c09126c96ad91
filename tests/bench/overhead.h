// SPDX-License-Identifier: Apache-2.0
// What the sensor adds to the loads, and what it says about them.
#pragma once

#include "base/result.h"
#include "effort.h"
#include "report.h"
#include "site.h"

namespace whodid::bench {

/// Off, on, off, on, ...: the sensor runs through all loads of a half, because its end takes seconds.
/// Fills loads, start_s, stop_s and busiest.
Result<void> measure_overhead(const Site& site, const DaemonOptions& daemon, const Effort& effort,
                              Report& report);

/// Once more, briefly, with the JSON lines kept: how many and how long they are. Fills census and events.
Result<void> measure_lines(const Site& site, const DaemonOptions& daemon, const Effort& effort,
                           Report& report);

}  // namespace whodid::bench
