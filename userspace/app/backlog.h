// SPDX-License-Identifier: Apache-2.0
// Backlog: what a reader finds in the rings when it begins, sorted into what it learns from and what it
// tells.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <span>
#include <vector>

#include "app/hand_over.h"

namespace whodid {

class Backlog {
public:
    using Records = std::vector<std::vector<char>>;

    /// See Checkpoint: what a predecessor had taken and had happened by then, it told. Of logins those up to
    /// `last_session`; without a predecessor there are none to tell.
    explicit Backlog(std::uint64_t told_until_ns, std::uint64_t listed_until_ns = 0,
                     std::uint32_t last_session = ~std::uint32_t{0})
        : told_until_ns_(told_until_ns), listed_until_ns_(listed_until_ns), last_session_(last_session) {}

    void add(std::span<const char> record, bool had);
    /// Once all are there.
    void sort();

    /// The processes there are. They are learnt first; what they run is left out of those that exec later
    /// on: it is not what they ran. So is their login where it is still to be told: as one of a process
    /// that is known by it would be taken for an old one.
    const Records& listing() const { return listing_; }
    /// In order of time.
    const Records& told() const { return told_; }
    const Records& fresh() const { return fresh_; }
    /// Of the fresh ones, those a predecessor had taken.
    const KindCounts& taken_again() const { return taken_again_; }

private:
    std::uint64_t told_until_ns_, listed_until_ns_;
    std::uint32_t last_session_;
    Records listing_, told_, fresh_;
    KindCounts taken_again_{};
};

/// What died with a predecessor, by kind: records that were neither told nor left in the rings, failed execs
/// that it held back to see what follows, and what its summaries had counted.
struct Lost {
    KindCounts taken{};
    KindCounts untold{};  // counted in summaries that it did not live to tell
    std::uint64_t held = 0;

    std::uint64_t of(std::uint16_t kind) const {
        return taken[kind] + untold[kind] + (kind == REC_PROCESS_EXEC ? held : 0);
    }
};

/// `waiting`: of the held ones, those that were learnt again from the backlog.
Lost lost_records(const Checkpoint& from, const Backlog& backlog, std::size_t waiting);

/// Writes it to the ledger that the successor goes on with.
void account_for(const Lost& lost, Ledger& ledger);

}  // namespace whodid
