// SPDX-License-Identifier: Apache-2.0
// The outbox's thread.
#include "sink/outbox.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace whodid {

namespace {

constexpr std::uint64_t kOutboxWaitNs = 3'600'000'000'000;
constexpr std::uint64_t kLastRequestNs = 1'000'000'000;

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(std::unique_ptr<Receiver> receiver,
                                             const OutboxSettings& settings, OutboxClock clock) {
    SpoolLimits limits;
    limits.bytes = settings.keep_bytes;
    limits.age_ns = settings.keep_ns;
    auto spool = Spool::open(settings.path, limits, {clock.wall_ns, clock.now_ns});
    if (!spool) return spool.error();
    return std::unique_ptr<Outbox>(
        new Outbox(std::move(*spool), std::move(receiver), settings, std::move(clock)));
}

Outbox::Outbox(std::unique_ptr<Spool> spool, std::unique_ptr<Receiver> receiver,
               const OutboxSettings& settings, OutboxClock clock)
    : spool_(std::move(spool)),
      receiver_(std::move(receiver)),
      clock_(std::move(clock)),
      delivery_(*spool_, *receiver_, settings, {clock_.now_ns, clock_.wall_ns}, std::random_device{}()),
      thread_([this] { run(); }) {}

Outbox::~Outbox() { stop(0); }

Result<void> Outbox::append(Lane lane, const SpoolRecord& record) { return spool_->append(lane, record); }

Result<void> Outbox::commit() {
    auto committed = spool_->commit();
    const bool is_urgent = delivery_.is_batch_full();
    const std::lock_guard lock(mutex_);
    has_news_ = true;
    is_urgent_ = is_urgent_ || is_urgent;
    if (is_idle_ || is_urgent) wake_.notify_one();
    return committed;
}

std::vector<SpoolLoss> Outbox::take_losses() {
    std::vector<SpoolLoss> losses = spool_->take_losses();
    for (SpoolLoss& loss : delivery_.take_losses()) losses.push_back(loss);
    return losses;
}

void Outbox::stop(std::uint64_t for_ns) {
    if (!thread_.joinable()) return;
    (void)commit();
    {
        std::unique_lock lock(mutex_);
        stop_at_ns_ = clock_.now_ns() + for_ns;
        wake_.notify_one();
        if (!ended_.wait_for(lock, std::chrono::nanoseconds(for_ns + kLastRequestNs),
                             [this] { return is_ended_; }))
            receiver_->cancel();
    }
    thread_.join();
    (void)spool_->sync();
}

void Outbox::run() {
    std::unique_lock lock(mutex_);
    send_until_stopped(lock);
    is_ended_ = true;
    ended_.notify_one();
}

void Outbox::send_until_stopped(std::unique_lock<std::mutex>& lock) {
    bool is_stopping = false;
    while (!is_stop_asked() || clock_.now_ns() < stop_at_ns_) {
        if (is_stop_asked() && !std::exchange(is_stopping, true)) delivery_.forget_backoff();
        has_news_ = is_urgent_ = false;
        lock.unlock();
        const std::uint64_t next = delivery_.step(is_stopping);
        lock.lock();
        is_idle_ = next == Delivery::kNever;
        if (is_idle_ && is_stopping) return;
        if (is_urgent_ || (is_idle_ && has_news_) || is_stop_asked() != is_stopping) continue;
        wait_until(lock, std::min(next, stop_at_ns_));
    }
}

void Outbox::wait_until(std::unique_lock<std::mutex>& lock, std::uint64_t at_ns) {
    const std::uint64_t now = clock_.now_ns();
    if (at_ns <= now) return;
    const std::uint64_t ns = std::min(at_ns - now, kOutboxWaitNs);
    if (clock_.wait)
        clock_.wait(lock, wake_, ns);
    else
        wake_.wait_for(lock, std::chrono::nanoseconds(ns));
}

}  // namespace whodid
