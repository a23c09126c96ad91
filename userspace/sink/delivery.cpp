// SPDX-License-Identifier: Apache-2.0
// Delivery: when to send, and what to make of the answer.
#include "sink/delivery.h"

#include <algorithm>

#include "event/kinds.h"

namespace whodid {

namespace {

/// "No limit" is still one: a batch is held in memory.
OutboxSettings bounded_batch(OutboxSettings settings) {
    if (settings.batch_records == 0) settings.batch_records = 1 << 20;
    if (settings.batch_bytes == 0) settings.batch_bytes = 16 << 20;
    return settings;
}

}  // namespace

Delivery::Delivery(Spool& spool, Receiver& receiver, const OutboxSettings& settings, DeliveryClock clock,
                   std::uint32_t seed)
    : spool_(spool),
      receiver_(receiver),
      settings_(bounded_batch(settings)),
      clock_(std::move(clock)),
      jitter_(seed),
      records_max_(settings_.batch_records) {}

std::uint64_t Delivery::step(bool hurry) {
    const SpoolCounts counts = spool_.counts();
    if (counts.pending_records == counts.buffered_records) {
        waiting_since_ns_ = kNever;
        return kNever;
    }
    const std::uint64_t now = clock_.now_ns();
    if (waiting_since_ns_ == kNever) waiting_since_ns_ = now;
    const bool is_ripe = hurry || is_full(counts);
    const std::uint64_t due =
        std::max(not_before_ns_, waiting_since_ns_ + (is_ripe ? 0 : settings_.batch_age_ns));
    if (now >= due) {
        request();
        return clock_.now_ns();
    }
    std::uint64_t sync_due = std::max(waiting_since_ns_, synced_ns_) + kSyncEveryNs;
    if (now >= sync_due) {
        complain(spool_.sync());
        synced_ns_ = now;
        sync_due = now + kSyncEveryNs;
    }
    return std::min(due, sync_due);
}

bool Delivery::is_full(const SpoolCounts& counts) const {
    return counts.pending_records - counts.buffered_records >= settings_.batch_records ||
           counts.pending_bytes - counts.buffered_bytes >= settings_.batch_bytes;
}

void Delivery::request() {
    auto read = spool_.read(records_max_, settings_.batch_bytes);
    if (!read) {
        complain(read.error());
        return back_off(0);
    }
    if (read->records().empty()) return back_off(0);  // what there was is damaged
    const Outcome outcome = receiver_.deliver(read->records());
    const std::lock_guard lock(mutex_);
    ++stats_.requests;
    if (!outcome.why.empty()) note_error(outcome.why);
    stats_.is_failing = outcome.what != Outcome::What::kTaken;
    act_on(outcome, *read);
}

void Delivery::act_on(const Outcome& outcome, SpoolRead& read) {
    const std::size_t count = read.records().size();
    switch (outcome.what) {
        case Outcome::What::kTaken: {
            const std::uint64_t rejected = std::min<std::uint64_t>(outcome.rejected, count);
            stats_.rejected += rejected;
            lose_some(read, rejected);
            stats_.written += count - rejected;
            stats_.last_success_wall_ns = clock_.wall_ns();
            records_max_ =
                std::min<std::uint64_t>(settings_.batch_records, records_max_ + records_max_ / 8 + 1);
            return settle(read);
        }
        case Outcome::What::kTooLarge:
            if (count > 1) {
                records_max_ = count / 2;
                return spool_.release();
            }
            [[fallthrough]];
        case Outcome::What::kRefused:
            stats_.failed += count;
            lose(read);
            return settle(read);
        case Outcome::What::kRetry:
            ++stats_.retries;
            // Or a receiver that needs longer for a batch than it is given would be sent the same one for
            // ever.
            if (outcome.is_late) records_max_ = std::max<std::size_t>(count / 2, 1);
            spool_.release();
            return back_off(outcome.retry_after_ns);
    }
}

void Delivery::settle(SpoolRead& read) {
    if (const auto settled = spool_.acknowledge(read, read.records().size()); !settled)
        note_error(settled.error().message);
    waiting_since_ns_ = clock_.now_ns();
    backoff_ns_ = not_before_ns_ = 0;
    is_backing_off_ = false;
}

/// Twice as long each time, of which the latter half is left to chance: receivers that were down are not met
/// by all of their senders at once.
void Delivery::back_off(std::uint64_t asked_ns) {
    backoff_ns_ = backoff_ns_ == 0 ? settings_.retry_first_ns : backoff_ns_ * 2;
    backoff_ns_ =
        std::clamp<std::uint64_t>(backoff_ns_, 1, std::max<std::uint64_t>(settings_.retry_most_ns, 1));
    const std::uint64_t half = backoff_ns_ / 2;
    const std::uint64_t wait = half + std::uniform_int_distribution<std::uint64_t>(0, half)(jitter_);
    not_before_ns_ = clock_.now_ns() + std::max(wait, std::min(asked_ns, kRetryAfterMostNs));
    is_backing_off_ = true;
}

void Delivery::complain(const Result<void>& done) {
    if (done) return;
    const std::lock_guard lock(mutex_);
    note_error(done.error().message);
}

void Delivery::note_error(const std::string& why) {
    stats_.last_error = why;
    stats_.last_error_wall_ns = clock_.wall_ns();
}

void Delivery::lose(const SpoolRead& read) {
    for (const SpoolRecord& record : read.records())
        losses_.add(record.kind, SpoolTally::of(record), LossReason::kRefused);
}

/// Which ones is not told, unless it is all. Declarations of losses are counted and no more: each that is
/// declared itself would be another one to reject.
void Delivery::lose_some(const SpoolRead& read, std::uint64_t count) {
    SpoolTallies kinds;
    for (const SpoolRecord& record : read.records())
        if (record.kind != REC_SENSOR_LOSS) kinds[record.kind].add(SpoolTally::of(record));
    if (count == 0 || kinds.empty()) return;
    const SpoolTally all = total(kinds);
    if (count < std::min(all.count, read.records().size()))
        kinds = {{kinds.size() == 1 ? kinds.begin()->first : std::uint16_t{0},
                  {count, 0, all.since_ns, all.until_ns}}};
    for (const auto& [kind, tally] : kinds) losses_.add(kind, tally, LossReason::kRejected);
}

std::vector<SpoolLoss> Delivery::take_losses() {
    const std::lock_guard lock(mutex_);
    return losses_.take();
}

OutboxStats Delivery::stats() const {
    const std::lock_guard lock(mutex_);
    const SpoolCounts counts = spool_.counts();
    OutboxStats stats = stats_;
    stats.accepted = counts.appended;
    stats.found = counts.found;
    stats.dropped = counts.dropped;
    stats.corrupt = counts.corrupt;
    stats.pending_records = counts.pending_records;
    stats.pending_bytes = counts.pending_bytes;
    stats.oldest_pending_wall_ns = counts.oldest_pending_wall_ns;
    return stats;
}

}  // namespace whodid
