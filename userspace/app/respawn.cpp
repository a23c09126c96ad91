// SPDX-License-Identifier: Apache-2.0
// The pause before the next worker.
#include "app/respawn.h"

#include <algorithm>

namespace whodid {

std::optional<std::uint64_t> Respawn::after(bool started, std::uint64_t lived_ns) {
    unstarted_ = started ? 0 : unstarted_ + 1;
    if (unstarted_ == kUnstartedMax) return std::nullopt;
    deaths_ = started && lived_ns >= kSteadyNs ? 1 : deaths_ + 1;
    if (deaths_ == 1) return 0;
    constexpr int kDoublingsMax = 16;
    return std::min(kFirstNs << std::min(deaths_ - 2, kDoublingsMax), kMostNs);
}

}  // namespace whodid
