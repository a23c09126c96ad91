// SPDX-License-Identifier: Apache-2.0
// Respawn: when a worker that died is replaced. At once, unless they die in a row: whatever kills them would
// take the machine's time, and a dead sensor's records wait in the rings anyway.
#pragma once

#include <cstdint>
#include <optional>

namespace whodid {

class Respawn {
public:
    /// A worker ended. `started`: it had come so far that it told events. Tells how many nanoseconds to wait;
    /// none: they cannot start here, it is no use.
    std::optional<std::uint64_t> after(bool started, std::uint64_t lived_ns);

    static constexpr std::uint64_t kSteadyNs = 10'000'000'000;  // who lived that long begins a new row
    static constexpr std::uint64_t kFirstNs = 100'000'000, kMostNs = 10'000'000'000;
    static constexpr int kUnstartedMax = 5;  // in a row

private:
    int deaths_ = 0, unstarted_ = 0;  // in a row
};

}  // namespace whodid
