// SPDX-License-Identifier: Apache-2.0
// Effort: how long a benchmark takes.
#pragma once

namespace whodid::bench {

struct Effort {
    unsigned pairs = 5;
    unsigned rounds = 5;   // of every load in a half of a pair
    unsigned divisor = 1;  // fewer operations
};

}  // namespace whodid::bench
