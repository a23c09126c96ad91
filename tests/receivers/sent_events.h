// SPDX-License-Identifier: Apache-2.0
// SentEvents: an event of every kind, each with an id of its own. RealSink: the sink of the daemon that sends
// them, from its spool to the network, whose clock is fed.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/otlp_sink.h"
#include "sink/otlp_receiver.h"
#include "sink/otlp_wire.h"
#include "unit/directory.h"
#include "unit/every_kind.h"

namespace whodid::test {

/// Whether it came true; the limit is for a machine that is busy with other things.
template <class F>
bool comes_true(F condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

class SentEvents : public EveryKind {
public:
    SentEvents() {
        std::uint32_t number = 0;
        for (Event& event : events) {
            const_cast<rec_hdr*>(event.record)->seq = ++number;  // of our own making
            event.seq = number;
        }
    }
    std::set<std::string> ids() const {
        std::set<std::string> all;
        for (const Event& event : events) all.insert(event.id().hex());
        EXPECT_EQ(all.size(), events.size()) << "an id is twice there";
        return all;
    }
    /// How many of each kind.
    std::map<std::uint16_t, std::uint64_t> kinds() const {
        std::map<std::uint16_t, std::uint64_t> counts;
        for (const Event& event : events) ++counts[event.kind->id];
        return counts;
    }
};

/// What all of these tests send as.
inline OtlpSource source_of(const SentEvents& sent) { return otlp_source(sent.stream, OtlpSettings{}); }

/// Time goes on by as much as the outbox would have waited.
class FedClock {
public:
    OutboxClock clock() {
        OutboxClock clock;
        clock.now_ns = [this] { return now_ns_.load(); };
        clock.wait = [this](auto& lock, auto& wake, std::uint64_t ns) { wait(lock, wake, ns); };
        return clock;
    }
    std::uint64_t elapsed_ns() const { return now_ns_ - kBeginNs; }

private:
    static constexpr std::uint64_t kBeginNs = 1'000'000'000'000;
    static constexpr std::uint64_t kIdleNs = 3'600'000'000'000;  // what an outbox waits that has nothing

    void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& wake, std::uint64_t ns) {
        if (ns >= kIdleNs) {
            wake.wait_for(lock, std::chrono::nanoseconds(ns));
            return;
        }
        wake.wait_for(lock, std::chrono::milliseconds(2));
        now_ns_ += ns;
    }

    std::atomic<std::uint64_t> now_ns_ = kBeginNs;
};

class RealSink {
public:
    static constexpr std::uint64_t kBatchRecords = 16;

    explicit RealSink(const OtlpSettings& settings) {
        OutboxSettings outbox;
        outbox.path = place_.path;
        outbox.batch_records = kBatchRecords;
        outbox.keep_ns = 0;  // the events are of one day
        outbox.retry_first_ns = 1'000'000;
        outbox.retry_most_ns = 5'000'000;
        const EncodedSource source = encode_source(source_of(SentEvents()));
        auto receiver = OtlpReceiver::make(settings, otlp_codec(settings.protocol, source), "0.1.0");
        EXPECT_TRUE(receiver) << receiver.error().message;
        auto opened = Outbox::open(std::move(*receiver), outbox, clock.clock());
        EXPECT_TRUE(opened) << opened.error().message;
        sink_ = std::make_unique<OtlpSink>("test", std::move(*opened));
    }

    void write(const std::vector<Event>& events) {
        Batch batch;
        batch.events = events;
        EXPECT_TRUE(sink_->write(batch));
    }
    /// Until nothing waits: all is sent, or given up.
    bool is_emptied() const {
        return comes_true([this] { return counts().pending == 0; });
    }
    SinkCounts counts() const { return sink_->counts(); }
    /// What it says it has lost so far, by kind.
    const std::map<std::uint16_t, std::uint64_t>& declared() {
        for (const SinkLoss& loss : sink_->take_losses()) declared_[loss.kind] += loss.count;
        return declared_;
    }
    std::uint64_t declared_in_all() {
        std::uint64_t all = 0;
        for (const auto& [kind, count] : declared()) all += count;
        return all;
    }

    FedClock clock;

private:
    const Directory place_;
    std::unique_ptr<OtlpSink> sink_;
    std::map<std::uint16_t, std::uint64_t> declared_;
};

}  // namespace whodid::test
