// SPDX-License-Identifier: Apache-2.0
// The loads: one operation each, repeated, timed by the process that does it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "site.h"
#include "stopwatch.h"

namespace whodid::bench {

struct Load {
    std::string_view name;
    unsigned operations;                                       // about 0.1 s of them
    int (*run)(const Site&, unsigned operations, Stopwatch&);  // returns 0 or an errno
};

std::span<const Load> loads();
/// Of loads(); aborts when there is none of that name.
const Load& find_load(std::string_view name);

struct LoadRun {
    Cost cost;  // of one operation
    pid_t pid = 0;
};

/// In a process of its own, pinned to the last CPU this one may use, so that runs are alike.
Result<LoadRun> run_load(const Load& load, const Site& site, unsigned operations);

/// Every one of `chosen` `rounds` times, in turns; the median cost of each.
Result<std::vector<Cost>> run_phase(std::span<const Load* const> chosen, const Site& site, unsigned divisor,
                                    unsigned rounds);

/// Opens and closes of the site's files, as fast as it goes, by several processes at once; `pinned`: each on
/// a CPU of its own, as far as there are so many.
struct Flood {
    std::uint64_t opens = 0;
    double seconds = 0;
};
Result<Flood> run_flood(const Site& site, unsigned processes, double seconds, bool pinned = false);

}  // namespace whodid::bench
