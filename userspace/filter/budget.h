// SPDX-License-Identifier: Apache-2.0
// Budget: what telling events may cost the host, and what is left out while it costs more.
// docs/profiles.md.
#pragma once

#include <whodid/limits.h>

#include <array>
#include <cstdint>
#include <optional>

#include "event/event.h"
#include "filter/profile.h"

namespace whodid {

/// 0: no limit.
struct BudgetLimits {
    double events_per_s = 0;
    double bytes_per_day = 0;
    double cpu_percent = 0;  // of one core

    bool any() const { return events_per_s > 0 || bytes_per_day > 0 || cpu_percent > 0; }
};

/// What a profile has by itself.
BudgetLimits limits_of(Profile profile);

/// Each leaves out what the ones before it do, and these besides.
enum class BudgetStep : std::uint8_t {
    kNothing,
    kReads,        // opens to read, mapped programs
    kEnds,         // forks, exits, ends of connections, names asked for
    kChanges,      // of files
    kConnections,  // connect, accept, bind, listen, datagrams
    kPrograms,     // that nobody typed
};
constexpr int kBudgetSteps = 5;

/// A reserve that what is spent empties and time fills, and an average of what is spent.
class Meter {
public:
    /// No limit: it is always full.
    Meter() = default;
    /// `rate`: of a second. `reserve`: what may be spent at once. `memory_s`: of the average.
    Meter(double rate, double reserve, double memory_s);

    void advance(double seconds);
    void spend(double amount);
    /// The same, but of the reserve it takes `at_most`.
    void spend(double amount, double at_most);

    /// Of the reserve, 0 to 1.
    double left() const { return reserve_ > 0 ? left_ / reserve_ : 1; }
    double reserve() const { return reserve_; }
    /// A second's.
    double average() const { return average_; }

private:
    double rate_ = 0, reserve_ = 0, memory_s_ = 1;
    double left_ = 0, average_ = 0;
};

enum class BudgetLimit : std::uint8_t { kEvents, kBytes, kCpu };

struct BudgetReport {
    BudgetStep before = BudgetStep::kNothing, now = BudgetStep::kNothing;
    BudgetLimit limit = BudgetLimit::kEvents;  // the one that had the least left when it last rose
    double measured = 0, allowed = 0;          // as BudgetLimits has it
    std::array<std::uint64_t, WHODID_KIND_MAX> left_out{};  // since the report before
};

class Budget {
public:
    /// All reserves are full.
    Budget(const BudgetLimits& limits, Lineage lineage, std::uint64_t now_ns);

    /// To be told every exec, wanted or not: which shells ask for commands.
    void note(const Event& exec) { typed_.note(exec); }

    /// To be called before events are asked for, and now and then.
    void advance(std::uint64_t now_ns);
    /// Of each event that would be told, in the stream's order. What is not left out is spent.
    bool leaves_out(const Event& event);
    /// How much those were that were not left out since the last call.
    void wrote(std::uint64_t bytes);
    /// CPU time used since the process began.
    void used_cpu(std::uint64_t ns);

    BudgetStep step() const { return step_; }
    /// The first step that leaves this one out. kNothing: none ever does.
    BudgetStep step_of(const Event& event);
    /// When the step is another than that of the report before.
    std::optional<BudgetReport> changed();
    /// In any case.
    BudgetReport report();

private:
    Meter& meter(BudgetLimit limit) { return meters_[static_cast<std::size_t>(limit)]; }
    int wanted(double margin) const;
    void rise();
    void fall();

    const BudgetLimits limits_;
    TypedCommands typed_;
    std::array<Meter, 3> meters_;
    BudgetStep step_ = BudgetStep::kNothing;
    std::uint64_t now_ns_;
    std::uint64_t well_since_ns_, fell_ns_ = 0, hold_ns_;
    std::optional<std::uint64_t> cpu_ns_;
    double event_bytes_, charged_bytes_ = 0;
    std::uint64_t charged_events_ = 0;
    BudgetReport next_;
};

}  // namespace whodid
