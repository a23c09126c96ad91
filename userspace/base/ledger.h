// SPDX-License-Identifier: Apache-2.0
// The ledger: what was seen, and every named way it could vanish. It must balance.
#pragma once

#include <whodid/limits.h>
#include <whodid/record.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace whodid {

/// One kind's way through the line, in events.
struct LedgerLine {
    rec_counters kernel{};         // summed over CPUs
    std::uint64_t missed = 0;      // runs of its hooks that the kernel skipped: never seen, so in no balance
    std::uint64_t received = 0;    // out of the ring
    std::uint64_t malformed = 0;   // refused by decode
    std::uint64_t consumed = 0;    // fed state or another event, is none itself
    std::uint64_t folded = 0;      // counted into another event
    std::uint64_t closed = 0;      // counted by the kernel, and told by the event that closes a fold
    std::uint64_t made = 0;        // made by userspace
    std::uint64_t died = 0;        // in the hands of a worker that died
    std::uint64_t delivered = 0;   // handed to the sinks
    std::uint64_t filtered = 0;    // the sink was told not to keep it
    std::uint64_t summarized = 0;  // kept, and counted in a summary instead
    std::uint64_t retold = 0;      // of these, the ones whose summary was told
    std::uint64_t shed = 0;        // left out by the budget
    std::uint64_t written = 0;
};

void add(rec_counters& to, const rec_counters& counters);

class Ledger {
public:
    LedgerLine& operator[](std::uint16_t kind) { return lines_[kind < lines_.size() ? kind : 0]; }
    const LedgerLine& operator[](std::uint16_t kind) const { return lines_[kind < lines_.size() ? kind : 0]; }

    LedgerLine total() const;

    /// Each station's inequality as a sentence; empty when everything balances. Call after a full drain.
    std::vector<std::string> imbalances() const;

private:
    std::array<LedgerLine, WHODID_KIND_MAX> lines_{};  // 0: records whose kind is not known
};

}  // namespace whodid
