// SPDX-License-Identifier: Apache-2.0
// KernelSide: what a reader asks of the kernel side that somebody else has loaded, and no more: all of it is
// done on maps. Whoever reads sees this and not the loader, so that it need not be in one process with it.
#pragma once

#include <whodid/record.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "base/ledger.h"
#include "base/result.h"
#include "source/backend.h"
#include "source/ring.h"

namespace whodid {

/// With these processes guarded, WHODID_GUARDED_MAX at most, and no gate.
inline rec_policy guarding(const std::vector<rec_guard>& sensors) {
    rec_policy policy{};
    std::copy_n(sensors.begin(), std::min(sensors.size(), std::size(policy.guards)), policy.guards);
    return policy;
}

class KernelSide {
public:
    virtual ~KernelSide() = default;

    virtual KernelDescriptors descriptors() const = 0;
    virtual const std::vector<Hook>& hooks() const = 0;

    /// Adds each kind's counters, summed over CPUs, to an empty ledger's kernel column, and the runs of its
    /// hooks that the kernel skipped: until stop() some of these may be told some calls later.
    virtual Result<void> read_counters(Ledger& ledger) = 0;

    /// Puts a policy in force: of the guarded processes' files and network what they do is counted and not
    /// reported, and what the gate drops.
    virtual Result<void> put(const rec_policy& policy) = 0;

    /// The kernel's number of the map that holds the policy: another one after each put().
    virtual std::uint32_t policy_map() const = 0;

    /// That thread's acts are reported although its process is guarded; 0: nobody's.
    virtual void let_pass(std::uint32_t tid) = 0;

    /// The next record wakes who waits for the rings. One that is written just now may not.
    virtual void will_sleep() = 0;

    /// The table of acts that are counted instead of told, mapped. Empty where nothing is folded.
    virtual std::span<rec_fold> folds() const = 0;

    /// From now on nothing is seen; what was is counted when this returns. Detaching, which takes seconds,
    /// can come later.
    virtual Result<void> stop() = 0;
};

}  // namespace whodid
