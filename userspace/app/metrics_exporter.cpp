// SPDX-License-Identifier: Apache-2.0
// Sending metrics.
#include "app/metrics_exporter.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace whodid {

namespace {

constexpr std::chrono::seconds kLastSendLimit(5);

}  // namespace

MetricsExporter::MetricsExporter(std::string name, std::uint64_t every_ns, Send send,
                                 std::function<void()> cancel)
    : name_(std::move(name)),
      every_ns_(every_ns),
      send_(std::move(send)),
      cancel_(std::move(cancel)),
      thread_([this] { run(); }) {}

MetricsExporter::~MetricsExporter() {
    {
        std::unique_lock lock(mutex_);
        is_over_ = true;
        wake_.notify_one();
        if (!ended_.wait_for(lock, kLastSendLimit, [this] { return is_ended_; })) cancel_();
    }
    thread_.join();
}

void MetricsExporter::publish(std::shared_ptr<const std::vector<Metric>> metrics) {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(metrics);
}

void MetricsExporter::run() {
    std::unique_lock lock(mutex_);
    bool is_last = false;
    while (!is_last) {
        is_last = wake_.wait_for(lock, std::chrono::nanoseconds(every_ns_), [this] { return is_over_; });
        const auto metrics = std::exchange(latest_, nullptr);
        if (!metrics || (is_last && !last_error_.empty())) continue;
        lock.unlock();
        send(*metrics);
        lock.lock();
    }
    is_ended_ = true;
    ended_.notify_one();
}

/// Said when it begins, and when it is another.
void MetricsExporter::send(const std::vector<Metric>& metrics) {
    const Outcome outcome = send_(metrics);
    const std::string error = outcome.what == Outcome::What::kTaken ? "" : outcome.why;
    if (error != last_error_ && !error.empty()) spdlog::warn("sink {}: metrics: {}", name_, error);
    last_error_ = error;
}

}  // namespace whodid
