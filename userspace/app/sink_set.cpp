// SPDX-License-Identifier: Apache-2.0
// One batch to every sink.
#include "app/sink_set.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace whodid {

namespace {

/// The batch itself where the filter keeps all of it, which is what most do; else `kept`, whose events borrow
/// their records and texts from it.
const Batch& kept_of(const Batch& batch, Filter& filter, Batch& kept) {
    const auto keeps = [&filter](const Event& event) { return filter.keeps(event); };
    const auto first = std::ranges::find_if_not(batch.events, keeps);
    if (first == batch.events.end()) return batch;
    kept.events.assign(batch.events.begin(), first);
    std::copy_if(std::next(first), batch.events.end(), std::back_inserter(kept.events), keeps);
    return kept;
}

/// One for each reason.
void hold(std::vector<SinkLoss>& held, const SinkLoss& loss) {
    const auto same = std::ranges::find(held, loss.why, &SinkLoss::why);
    if (same == held.end()) return held.push_back(loss);
    same->count += loss.count;
    same->since_ns = std::min(same->since_ns, loss.since_ns);
    same->until_ns = std::max(same->until_ns, loss.until_ns);
}

}  // namespace

SinkSet::SinkSet(HandOver& hand_over, std::function<std::uint64_t()> now_ns)
    : hand_over_(hand_over), now_ns_(std::move(now_ns)) {}

void SinkSet::add_vital(std::string name, std::optional<Filter> filter, std::unique_ptr<Sink> sink) {
    Part part;
    part.name = std::move(name);
    part.type = "jsonl";
    part.filter = std::move(filter);
    part.sink = std::move(sink);
    part.is_vital = true;
    parts_.push_back(std::move(part));
}

void SinkSet::add(std::string name, std::string type, Filter filter, Open open) {
    Part part;
    part.name = std::move(name);
    part.type = std::move(type);
    part.filter = std::move(filter);
    part.open = std::move(open);
    parts_.push_back(std::move(part));
}

void SinkSet::miss(Part& part, const Batch& batch) {
    for (const Event& event : batch.events) part.lost.add(event, "down");
    part.missed.taken += batch.events.size();
    part.missed.dropped += batch.events.size();
}

void SinkSet::note_failure(Part& part, const Error& error) {
    ++part.missed.failures;
    part.missed.last_error = error.message;
    part.missed.last_error_ns = wall_now_ns();
    part.retry_at_ns = now_ns_() + kSinkRetryNs;
    if (!std::exchange(part.missed.is_down, true))
        spdlog::error("sink {}: {}; tried again every second, what it misses is declared", part.name,
                      error.message);
}

void SinkSet::note_success(Part& part) {
    if (std::exchange(part.missed.is_down, false)) spdlog::warn("sink {}: it takes events again", part.name);
}

Result<void> SinkSet::open(Part& part) {
    if (part.sink) return {};
    auto opened = part.open();
    if (!opened) return opened.error();
    part.sink = std::move(*opened);
    return {};
}

void SinkSet::open_all() {
    for (Part& part : parts_)
        if (auto opened = open(part); !opened) note_failure(part, opened.error());
}

std::uint64_t SinkSet::write_or_miss(Part& part, const Batch& batch) {
    if (part.missed.is_down && now_ns_() < part.retry_at_ns) {
        miss(part, batch);
        return 0;
    }
    const auto opened = open(part);
    const auto written = opened ? part.sink->write(batch) : Result<std::uint64_t>(opened.error());
    if (!written) {
        miss(part, batch);
        note_failure(part, written.error());
        return 0;
    }
    note_success(part);
    return *written;
}

Result<std::uint64_t> SinkSet::write_to(Part& part, const Batch& batch) {
    if (batch.events.empty()) return std::uint64_t{0};
    if (part.is_vital) return part.sink->write(batch);
    return write_or_miss(part, batch);
}

Result<std::uint64_t> SinkSet::write(const Batch& batch) {
    if (tap_) tap_(batch);
    hand_over_.write_begins();
    std::uint64_t most = 0;
    for (Part& part : parts_) {
        Batch room;
        const Batch& kept = part.filter ? kept_of(batch, *part.filter, room) : batch;
        part.filtered += batch.events.size() - kept.events.size();
        auto written = write_to(part, kept);
        if (!written) return written;
        most = std::max(most, *written);
    }
    hand_over_.write_ended();
    return most;
}

Result<void> SinkSet::flush() {
    for (Part& part : parts_) {
        auto flushed = part.sink ? part.sink->flush() : Result<void>();
        if (!flushed && part.is_vital) return flushed;
        if (!flushed) spdlog::error("sink {}: {}", part.name, flushed.error().message);
    }
    return {};
}

Result<void> SinkSet::tick() {
    for (Part& part : parts_) tick(part);
    return {};
}

void SinkSet::tick(Part& part) {
    if (part.missed.is_down && now_ns_() < part.retry_at_ns) return;
    const auto opened = open(part);
    const auto done = opened ? part.sink->tick() : opened;
    if (done)
        note_success(part);
    else
        note_failure(part, done.error());
}

/// All at once: together they take no longer than the one that waits the longest.
void SinkSet::close(std::uint64_t patience_ns) {
    std::vector<std::thread> closing;
    for (Part& part : parts_)
        if (part.sink) closing.emplace_back([&part, patience_ns] { part.sink->close(patience_ns); });
    for (std::thread& thread : closing) thread.join();
}

bool SinkSet::is_down(const Part& part) {
    return part.missed.is_down || (part.sink && part.sink->counts().is_down);
}

std::vector<SinkLoss> SinkSet::take(Part& part) {
    std::vector<SinkLoss> losses = part.lost.take();
    if (part.sink) std::ranges::move(part.sink->take_losses(), std::back_inserter(losses));
    return losses;
}

std::vector<SinkSet::NamedLoss> SinkSet::take_named_losses() {
    std::vector<NamedLoss> losses;
    for (Part& part : parts_) {
        const bool holds = is_down(part);
        for (SinkLoss& loss : take(part)) {
            if (holds && loss.kind == REC_SENSOR_LOSS)
                hold(part.held, loss);
            else
                losses.push_back({part.name, std::move(loss)});
        }
        if (holds) continue;
        for (SinkLoss& loss : std::exchange(part.held, {})) losses.push_back({part.name, std::move(loss)});
    }
    return losses;
}

std::vector<SinkSet::NamedLoss> SinkSet::take_last_losses(std::span<const std::uint16_t> to_come) {
    const std::uint64_t now_ns = wall_now_ns();
    std::vector<NamedLoss> losses;
    std::vector<std::size_t> of_declarations;
    for (Part& part : parts_) {
        std::vector<SinkLoss> held = std::exchange(part.held, {});
        for (SinkLoss& loss : take(part)) {
            if (loss.kind == REC_SENSOR_LOSS)
                hold(held, loss);
            else
                losses.push_back({part.name, std::move(loss)});
        }
        if (is_down(part)) {
            for (const std::uint16_t kind : to_come)
                losses.push_back({part.name, {kind, 1, now_ns, now_ns, "down"}});
            hold(held, {REC_SENSOR_LOSS, 0, now_ns, now_ns, "down"});
            of_declarations.push_back(losses.size() + held.size() - 1);
        }
        for (SinkLoss& loss : held) losses.push_back({part.name, std::move(loss)});
    }
    for (const std::size_t i : of_declarations) losses[i].loss.count += losses.size();
    return losses;
}

std::vector<SinkSet::Described> SinkSet::describe() const {
    std::vector<Described> all;
    for (const Part& part : parts_) {
        SinkCounts counts = part.sink ? part.sink->counts() : SinkCounts{};
        counts.taken += part.missed.taken;
        counts.dropped += part.missed.dropped;
        counts.failures += part.missed.failures;
        counts.is_down |= part.missed.is_down;
        if (part.missed.last_error_ns > counts.last_error_ns) {
            counts.last_error = part.missed.last_error;
            counts.last_error_ns = part.missed.last_error_ns;
        }
        all.push_back({part.name, part.type, part.filtered, std::move(counts)});
    }
    return all;
}

}  // namespace whodid
