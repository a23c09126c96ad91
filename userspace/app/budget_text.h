// SPDX-License-Identifier: Apache-2.0
// What is said of a budget, in the stream and about it.
#pragma once

#include <cstdint>
#include <string>

#include "filter/budget.h"

namespace whodid {

/// "20 events/s, 5 MB/day, 2% of a core"; empty when there is no limit.
std::string describe(const BudgetLimits& limits);

/// "budget: 31 events/s, at most 20; step 1 of 5, was 0; left out from here on: reads of files"
std::string describe(const BudgetReport& report);

/// How many events.
std::uint64_t left_out(const BudgetReport& report);

}  // namespace whodid
