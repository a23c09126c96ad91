// SPDX-License-Identifier: Apache-2.0
// EventRates: how many events there were lately, from ledgers taken now and then.
#pragma once

#include <whodid/limits.h>

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/ledger.h"

namespace whodid {

struct KindRate {
    std::uint16_t kind = 0;
    double seen_per_s = 0;  // in the kernel, and made by userspace
    double told_per_s = 0;  // written
};

class EventRates {
public:
    static constexpr std::uint64_t kWindowNs = 60'000'000'000, kSampleNs = 5'000'000'000;

    /// `now_ns`: of any clock that only rises. The first gives no rates yet.
    void take(const Ledger& ledger, std::uint64_t now_ns);

    /// Over the last minute, or since the first take; the kinds that there were, in order of their numbers.
    std::vector<KindRate> rates() const;
    /// Events lost meanwhile.
    std::uint64_t lost() const;

private:
    struct Counts {
        std::uint64_t seen = 0, told = 0, lost = 0;
    };
    struct Sample {
        std::uint64_t at_ns = 0;
        std::array<Counts, WHODID_KIND_MAX> kinds{};
    };

    std::deque<Sample> samples_;  // the oldest first, kSampleNs apart
    Sample last_;
};

}  // namespace whodid
