// SPDX-License-Identifier: Apache-2.0
// Tallies of a spool: how many records of each kind, and of what time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "sink/receiver.h"

namespace whodid {

/// Records of one kind.
struct SpoolTally {
    std::uint64_t count = 0, bytes = 0;        // bytes of payloads
    std::uint64_t since_ns = 0, until_ns = 0;  // wall clock, both included

    void add(const SpoolTally& other) {
        since_ns = count == 0 ? other.since_ns : std::min(since_ns, other.since_ns);
        until_ns = std::max(until_ns, other.until_ns);
        count += other.count;
        bytes += other.bytes;
    }
    static SpoolTally of(const SpoolRecord& record) {
        return {1, record.payload.size(), record.wall_ns, record.wall_ns};
    }
};

using SpoolTallies = std::map<std::uint16_t, SpoolTally>;  // by kind

inline void add(SpoolTallies& to, const SpoolTallies& other) {
    for (const auto& [kind, tally] : other) to[kind].add(tally);
}

/// Of all kinds together; times are 0 where there are none.
inline SpoolTally total(const SpoolTallies& tallies) {
    SpoolTally sum;
    for (const auto& [kind, tally] : tallies) sum.add(tally);
    return sum;
}

/// Why records are lost.
enum class LossReason { kSize, kAge, kNotStored, kTooLarge, kDamaged, kRefused, kRejected };
std::string_view loss_word(LossReason why);

/// What the far end will never get.
struct SpoolLoss {
    std::uint16_t kind = 0;  // 0: not known
    std::uint64_t count = 0;
    std::uint64_t since_ns = 0, until_ns = 0;  // wall clock; 0: not known
    std::string_view why;
};

/// Losses until somebody declares them.
class SpoolLosses {
public:
    void add(std::uint16_t kind, const SpoolTally& tally, LossReason why) { lost_[{kind, why}].add(tally); }
    /// Since the last call.
    std::vector<SpoolLoss> take();

private:
    std::map<std::pair<std::uint16_t, LossReason>, SpoolTally> lost_;
};

}  // namespace whodid
