// SPDX-License-Identifier: Apache-2.0
// What telling may cost.
#include "filter/budget.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "event/kinds.h"

namespace whodid {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr double kDayS = 86400;

// Of events and CPU time a minute's worth may be spent at once: a login, an upgrade's beginning.
constexpr double kReserveS = 60, kMemoryS = 10;
// Of a day's bytes a quarter may be, and three quarters come in its course: so no day has more.
constexpr double kReserveOfDay = 0.25, kBytesMemoryS = 3600;
constexpr double kEventBytes = 1000;  // as long as nothing is known of them

// The first step is taken with half of a reserve left, each further one with a tenth less; a step is taken
// back when there is a tenth more than that for so long.
constexpr double kTenth = 0.1;
constexpr std::uint64_t kHoldNs = 10 * kSecondNs, kLongestHoldNs = 600 * kSecondNs;

bool is_denied(const Event& event) { return event.error() == EACCES || event.error() == EPERM; }

BudgetStep step_of_file(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (kind == REC_FILE_MOUNT || kind == REC_FILE_UMOUNT) return BudgetStep::kNothing;
    if (kind == REC_FILE_MAP) return BudgetStep::kReads;
    if (kind != REC_FILE_OPEN) return BudgetStep::kChanges;
    const std::uint32_t flags = event.as<rec_file>().open_flags;
    if (flags & (O_ACCMODE | O_TRUNC)) return BudgetStep::kChanges;
    return !event.failed() && is_watched_path(event.path) ? BudgetStep::kNothing : BudgetStep::kReads;
}

}  // namespace

BudgetLimits limits_of(Profile profile) {
    if (profile != Profile::kQuiet) return {};
    return {.events_per_s = 20, .bytes_per_day = 5e6, .cpu_percent = 2};
}

// ---- meters -----------------------------------------------------------------------------------------------

Meter::Meter(double rate, double reserve, double memory_s)
    : rate_(rate), reserve_(reserve), memory_s_(memory_s), left_(reserve) {}

void Meter::advance(double seconds) {
    left_ = std::min(reserve_, left_ + rate_ * seconds);
    average_ *= std::exp(-seconds / memory_s_);
}

void Meter::spend(double amount) { spend(amount, amount); }

void Meter::spend(double amount, double at_most) {
    left_ = std::clamp(left_ - std::min(amount, at_most), 0.0, reserve_);
    average_ = std::max(0.0, average_ + amount / memory_s_);
}

// ---- steps ------------------------------------------------------------------------------------------------

Budget::Budget(const BudgetLimits& limits, Lineage lineage, std::uint64_t now_ns)
    : limits_(limits),
      typed_(std::move(lineage)),
      now_ns_(now_ns),
      well_since_ns_(now_ns),
      hold_ns_(kHoldNs),
      event_bytes_(kEventBytes) {
    const double events = limits.events_per_s, bytes = limits.bytes_per_day, cpu = limits.cpu_percent / 100;
    meter(BudgetLimit::kEvents) = Meter(events, events * kReserveS, kMemoryS);
    meter(BudgetLimit::kBytes) =
        Meter(bytes * (1 - kReserveOfDay) / kDayS, bytes * kReserveOfDay, kBytesMemoryS);
    meter(BudgetLimit::kCpu) = Meter(cpu, cpu * kReserveS, kMemoryS);
}

/// What the reserves ask for; `margin`: if each had so much less.
int Budget::wanted(double margin) const {
    double least = 1;
    for (const Meter& m : meters_) least = std::min(least, m.left());
    const int tenths = static_cast<int>(std::max(0.0, least - margin) / kTenth + 1e-9);
    return std::clamp(kBudgetSteps - tenths, 0, kBudgetSteps);
}

void Budget::rise() {
    const int step = static_cast<int>(step_);
    if (wanted(0) <= step) return;
    step_ = static_cast<BudgetStep>(step + 1);
    next_.limit =
        static_cast<BudgetLimit>(std::ranges::min_element(meters_, {}, &Meter::left) - meters_.begin());
    well_since_ns_ = now_ns_;
    // It was taken back too early.
    if (fell_ns_ != 0 && now_ns_ - fell_ns_ < 2 * hold_ns_) hold_ns_ = std::min(2 * hold_ns_, kLongestHoldNs);
    fell_ns_ = 0;
}

void Budget::fall() {
    const int step = static_cast<int>(step_);
    if (step == 0) {
        if (now_ns_ - well_since_ns_ >= kLongestHoldNs) hold_ns_ = kHoldNs;
        return;
    }
    if (wanted(kTenth) >= step) well_since_ns_ = now_ns_;
    if (now_ns_ - well_since_ns_ < hold_ns_) return;
    step_ = static_cast<BudgetStep>(step - 1);
    well_since_ns_ = fell_ns_ = now_ns_;
}

void Budget::advance(std::uint64_t now_ns) {
    if (now_ns <= now_ns_) return;
    const double seconds = static_cast<double>(now_ns - now_ns_) / static_cast<double>(kSecondNs);
    now_ns_ = now_ns;
    for (Meter& m : meters_) m.advance(seconds);
    rise();
    fall();
}

BudgetStep Budget::step_of(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (!event.tags.empty() || is_denied(event)) return BudgetStep::kNothing;
    if (is_file(kind)) return step_of_file(event);
    switch (kind) {
        case REC_PROCESS_FORK:
        case REC_PROCESS_EXIT:
        case REC_NETWORK_CLOSE:
        case REC_NETWORK_DNS:
            return BudgetStep::kEnds;
        case REC_NETWORK_CONNECT:
        case REC_NETWORK_ACCEPT:
        case REC_NETWORK_BIND:
        case REC_NETWORK_LISTEN:
        case REC_NETWORK_SEND:
            return BudgetStep::kConnections;
        case REC_PROCESS_EXEC:
            return typed_.has(event) ? BudgetStep::kNothing : BudgetStep::kPrograms;
        default:
            return BudgetStep::kNothing;
    }
}

bool Budget::leaves_out(const Event& event) {
    const BudgetStep step = step_of(event);
    if (step != BudgetStep::kNothing && step <= step_) {
        ++next_.left_out[event.kind->id];
        return true;
    }
    meter(BudgetLimit::kEvents).spend(1);
    meter(BudgetLimit::kBytes).spend(event_bytes_);
    charged_bytes_ += event_bytes_;
    ++charged_events_;
    rise();
    return false;
}

/// They were charged by what the ones before had been on average.
void Budget::wrote(std::uint64_t bytes) {
    if (charged_events_ == 0) return;
    const auto written = static_cast<double>(bytes);
    meter(BudgetLimit::kBytes).spend(written - std::exchange(charged_bytes_, 0));
    event_bytes_ = written / static_cast<double>(std::exchange(charged_events_, 0));
}

/// A step at a time: what it saves is seen at the next look.
void Budget::used_cpu(std::uint64_t ns) {
    const std::uint64_t before = std::exchange(cpu_ns_, ns).value_or(ns);
    Meter& cpu = meter(BudgetLimit::kCpu);
    cpu.spend(static_cast<double>(ns - before) / static_cast<double>(kSecondNs), cpu.reserve() * kTenth);
    rise();
}

// ---- reports ----------------------------------------------------------------------------------------------

std::optional<BudgetReport> Budget::changed() {
    if (next_.before == step_) return std::nullopt;
    return report();
}

BudgetReport Budget::report() {
    constexpr double kUnits[] = {1, kDayS, 100};
    const auto limit = static_cast<std::size_t>(next_.limit);
    const double allowed[] = {limits_.events_per_s, limits_.bytes_per_day, limits_.cpu_percent};
    next_.now = step_;
    next_.measured = meters_[limit].average() * kUnits[limit];
    next_.allowed = allowed[limit];
    BudgetReport after;
    after.before = step_;
    after.limit = next_.limit;
    return std::exchange(next_, after);
}

}  // namespace whodid
