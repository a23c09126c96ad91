// SPDX-License-Identifier: Apache-2.0
// What it costs to have a program at a system call's end, whatever it does there: each way, empty.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "site.h"
#include "stats.h"

namespace whodid::bench {

struct AttachType {
    std::string name;
    std::size_t places = 1;  // that a program is attached to
    std::string absent;      // why it could not be measured
    Pairs unrelated, open;   // ns of getppid, and of open+close
    std::vector<double> attach_s, detach_s;
};

/// Interleaved: without, with, for each way in turn, `pairs` times.
Result<std::vector<AttachType>> measure_attach_types(const Site& site, unsigned pairs, unsigned divisor,
                                                     unsigned rounds);

}  // namespace whodid::bench
