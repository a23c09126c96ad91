// SPDX-License-Identifier: Apache-2.0
// Delivery: from a spool to its receiver, one request at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sink/receiver.h"
#include "sink/settings.h"
#include "sink/spool.h"

namespace whodid {

/// In records, since the start: accepted + found = written + rejected + failed + dropped + corrupt +
/// pending_records.
struct OutboxStats {
    std::uint64_t accepted = 0;  // handed over by the daemon
    std::uint64_t found = 0;     // in the spool at the start
    std::uint64_t written = 0;   // taken by the receiver
    std::uint64_t rejected = 0;  // not taken out of a request that was taken
    std::uint64_t failed = 0;    // refused by the receiver for good
    std::uint64_t dropped = 0;   // by the spool: too many, too old, too large, or the disk took them not
    std::uint64_t corrupt = 0;   // in the spool
    std::uint64_t pending_records = 0, pending_bytes = 0;
    std::uint64_t oldest_pending_wall_ns = 0;  // 0: none is pending
    std::uint64_t requests = 0, retries = 0;   // retries: requests that are to be made again
    bool is_failing = false;                   // the last request was not taken
    std::string last_error;                    // empty: there was none
    std::uint64_t last_error_wall_ns = 0;      // 0: there was none
    std::uint64_t last_success_wall_ns = 0;    // 0: there was none
};

struct DeliveryClock {
    std::function<std::uint64_t()> now_ns = boot_now_ns, wall_ns = wall_now_ns;
};

class Delivery {
public:
    static constexpr std::uint64_t kNever = UINT64_MAX;
    static constexpr std::uint64_t kRetryAfterMostNs = 600'000'000'000;  // what a receiver may ask for
    static constexpr std::uint64_t kSyncEveryNs = 1'000'000'000;

    /// Borrows both. `seed`: of the jitter.
    Delivery(Spool& spool, Receiver& receiver, const OutboxSettings& settings, DeliveryClock clock,
             std::uint32_t seed);

    /// Makes one request if one is due; `hurry`: though the batch is neither full nor old. Syncs what is not
    /// delivered within kSyncEveryNs. When to be called again, by now_ns; kNever: nothing is pending.
    std::uint64_t step(bool hurry = false);
    /// The next request need not wait for the end of a backoff.
    void forget_backoff() { not_before_ns_ = 0; }

    /// A request is due at once. From any thread, as stats().
    bool is_batch_full() const { return !is_backing_off_ && is_full(spool_.counts()); }
    OutboxStats stats() const;
    /// What the receiver refused or rejected since the last call. From any thread.
    std::vector<SpoolLoss> take_losses();

private:
    bool is_full(const SpoolCounts& counts) const;
    void request();
    void act_on(const Outcome& outcome, SpoolRead& read);
    void back_off(std::uint64_t asked_ns);
    void settle(SpoolRead& read);
    void complain(const Result<void>& done);
    void note_error(const std::string& why);
    void lose(const SpoolRead& read);
    void lose_some(const SpoolRead& read, std::uint64_t count);

    Spool& spool_;
    Receiver& receiver_;
    const OutboxSettings settings_;
    const DeliveryClock clock_;
    std::minstd_rand jitter_;
    std::size_t records_max_;                  // in one request: fewer after one that was too large or late
    std::uint64_t waiting_since_ns_ = kNever;  // the batch
    std::uint64_t not_before_ns_ = 0, backoff_ns_ = 0;  // 0: the last request had an answer
    std::uint64_t synced_ns_ = 0;
    std::atomic<bool> is_backing_off_ = false;

    mutable std::mutex mutex_;  // of the numbers, so that they agree with the spool's
    OutboxStats stats_;
    SpoolLosses losses_;
};

}  // namespace whodid
