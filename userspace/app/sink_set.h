// SPDX-License-Identifier: Apache-2.0
// SinkSet: every sink of a service, each with what it is to keep. One that cannot take events keeps no other
// from getting theirs: what it misses is counted and declared, and it is tried again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/hand_over.h"
#include "filter/filter.h"
#include "sink/losses.h"
#include "sink/sink.h"

namespace whodid {

/// How often a sink that could not be opened or written to is tried again.
constexpr std::uint64_t kSinkRetryNs = 1'000'000'000;

class SinkSet : public Sink {
public:
    using Open = std::function<Result<std::unique_ptr<Sink>>()>;

    /// Both outlive it. `now_ns`: the monotonic clock.
    explicit SinkSet(HandOver& hand_over, std::function<std::uint64_t()> now_ns);

    /// Without it nothing is told: its errors are the set's. No filter: it keeps all.
    void add_vital(std::string name, std::optional<Filter> filter, std::unique_ptr<Sink> sink);
    /// `type` is for people. Opened by open_all(), and again, once a second, as long as that fails.
    void add(std::string name, std::string type, Filter filter, Open open);

    void open_all();
    /// Sees all that is written, once.
    void set_tap(std::function<void(const Batch&)> tap) { tap_ = std::move(tap); }

    /// To each what it keeps. An Error is that of a vital one. The bytes of the largest: what one copy of the
    /// stream costs.
    Result<std::uint64_t> write(const Batch& batch) override;
    Result<void> flush() override;
    /// One that is down is tried again although there is nothing to tell it.
    Result<void> tick() override;
    void close(std::uint64_t patience_ns) override;

    struct NamedLoss {
        std::string sink;
        SinkLoss loss;
    };
    /// Of all of them, since the last call. That a sink lost declarations of losses is told when it takes
    /// events again: or each one lost would make another.
    std::vector<NamedLoss> take_named_losses();
    /// All, and what a sink that is down is going to miss: their declarations, and one event of each of the
    /// kinds `to_come`.
    std::vector<NamedLoss> take_last_losses(std::span<const std::uint16_t> to_come);

    struct Described {
        std::string name, type;
        std::uint64_t filtered = 0;
        SinkCounts counts;
    };
    std::vector<Described> describe() const;

private:
    struct Part {
        std::string name, type;
        std::optional<Filter> filter;
        Open open;
        std::unique_ptr<Sink> sink;  // null: not open
        bool is_vital = false;
        std::uint64_t retry_at_ns = 0, filtered = 0;
        SinkCounts missed;  // what never reached the sink
        Losses lost;
        std::vector<SinkLoss> held;  // of declarations
    };

    Result<std::uint64_t> write_to(Part& part, const Batch& batch);
    std::uint64_t write_or_miss(Part& part, const Batch& batch);
    void tick(Part& part);
    static void note_success(Part& part);
    static Result<void> open(Part& part);
    static void miss(Part& part, const Batch& batch);
    static bool is_down(const Part& part);
    static std::vector<SinkLoss> take(Part& part);
    void note_failure(Part& part, const Error& error);

    HandOver& hand_over_;
    const std::function<std::uint64_t()> now_ns_;
    std::function<void(const Batch&)> tap_;
    std::vector<Part> parts_;
};

}  // namespace whodid
