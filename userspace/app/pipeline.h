// SPDX-License-Identifier: Apache-2.0
// Pipeline: the line from a record to the sinks. The order is the design.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/ledger.h"
#include "enrich/enricher.h"
#include "enrich/guard.h"
#include "enrich/programs.h"
#include "event/batch.h"
#include "filter/budget.h"
#include "filter/filter.h"
#include "filter/watch_list.h"
#include "filter/watch_tags.h"
#include "fold/auth_failures.h"
#include "fold/first_acts.h"
#include "fold/summaries.h"
#include "sink/sink.h"
#include "source/reorder.h"

namespace whodid {

struct PipelineOptions {
    FilterOptions filter;
    BudgetLimits budget;
    PersonMap people;
    WatchList watch;              // what is tagged; links in it are followed on the host
    bool reorder = true;          // recordings are in order already
    bool mask = true;             // secrets, before anything sees them
    bool summaries = true;        // where a profile leaves something out (docs/profiles.md)
    bool programs = true;         // look at the files that are started, on a live host
    std::string seen_path;        // which of them were seen before; empty: since now
    std::uint64_t count_max = 0;  // stop after that many events; 0: never
};

class Pipeline {
public:
    /// All arguments outlive the pipeline. `sink` may be null: the ledger alone is kept.
    static Result<std::unique_ptr<Pipeline>> make(const Stream& stream, const Host& host, Ledger& ledger,
                                                  const PipelineOptions& options, Sink* sink);

    /// A record as it comes from a source; copied. Without reordering it is processed at once.
    void take(std::span<const char> bytes);

    /// The same, at once and before what is held back.
    void take_first(std::span<const char> bytes) { process(bytes, false); }
    /// Records that a predecessor told of already, in order of time up to `until_boot_ns`: who is who is
    /// learnt from them, nothing is told or counted.
    void learn(const std::vector<std::vector<char>>& records, std::uint64_t until_boot_ns);

    /// How far the stream is numbered, and the highest audit session whose login it has told.
    struct Numbers {
        std::uint64_t seq = 0, shown = 0;
        std::uint32_t session = 0;
    };
    Numbers numbers() const { return {seq_, shown_, enricher_.sessions().last_announced()}; }
    /// Goes on from there. `own`: above every number that a predecessor gave to records of its own.
    void go_on_from(const Numbers& numbers, std::uint64_t own);

    /// Processes what happened up to then and hands it to the sink. False: the sink takes no more, or
    /// count_max is reached.
    Result<bool> advance(std::uint64_t until_boot_ns);
    /// Everything that is left.
    Result<bool> finish();

    /// Whether nothing waits to be told.
    bool is_idle() const { return reorder_.held() == 0 && batch_.events.empty() && enricher_.waiting() == 0; }

    /// Gives back memory that only a flood needed. Call now and then.
    void trim() { reorder_.trim(); }

    /// Sees each record decoded and masked, before it is enriched, and the sensor's own: the recorder.
    void set_tap(std::function<void(const rec_hdr&)> tap) { tap_ = std::move(tap); }

    /// Tells the sensor's own acts that are nobody's event: the canary's. They are consumed, and not
    /// recorded.
    void set_canary(std::function<bool(const rec_hdr&)> canary) { canary_ = std::move(canary); }

    /// Is told the records of events that are accesses to what is watched, and first of their sort.
    void set_watched(std::function<void(const rec_hdr&)> watched) { watched_ = std::move(watched); }

    /// Makes an event of the sensor's own: start, stop, loss, blind.
    void say(std::uint16_t kind, std::string_view text);
    void say_loss(std::string_view stage, std::uint16_t kind, std::uint64_t count, std::uint64_t since_ns,
                  std::uint64_t until_ns);
    /// That it is there, and how it fares: `lost` and `missed` as the ledger has them.
    void say_heartbeat(std::uint64_t lost, std::uint64_t missed);

    Enricher& enricher() { return enricher_; }
    /// What must not be touched without being told.
    Guard& guard() { return guard_; }
    /// Events given to the sink, the sensor's own not counted.
    std::uint64_t shown() const { return shown_; }
    /// What is told from here on; the stream says so, with this reason.
    void use(Profile profile, std::string_view reason);
    /// What the process has used of CPUs, now and then: the budget's matter.
    void used_cpu(std::uint64_t ns);
    /// How much the budget leaves out now: 0, nothing.
    unsigned budget_step() const { return budget_ ? static_cast<unsigned>(budget_->step()) : 0; }
    /// What the budget has left out since it last said so; nothing when it has not. The stream ends: from
    /// here on it takes no step.
    void say_left_out();
    /// What the kernel side may leave out. Nothing, for who records it all.
    rec_gate gate() const { return tap_ ? rec_gate{} : gate_; }
    /// Of all that it keeps beside events.
    std::vector<TableSize> table_sizes() const;
    /// What it kept back, and why.
    const Filter& filter() const { return filter_; }

private:
    Pipeline(const Stream& stream, const Host& host, Ledger& ledger, const PipelineOptions& options,
             Sink* sink, SeenPrograms seen);
    void process(std::span<const char> bytes, bool late);
    void keep_first_acts(std::size_t first);
    void close_fold(const rec_folded& folded);
    void report_tampering(std::size_t first);
    void describe_programs(const Decoded& record, std::size_t first);
    bool summarizes() const;
    bool is_told_by_itself(const Event& event);
    void keep(Event event);
    void sort_out();
    void close_summaries(std::uint64_t until_boot_ns);
    Result<bool> write_out();
    Result<bool> deliver();
    void keep_budget(std::uint64_t bytes);
    void say_budget(const BudgetReport& report);
    bool is_enough() const { return options_.count_max && shown_ >= options_.count_max; }
    void append_own(const rec_hdr* record);
    rec_hdr own_header(std::uint16_t kind);

    const Stream& stream_;
    Ledger& ledger_;
    PipelineOptions options_;
    Sink* sink_;
    Enricher enricher_;
    Guard guard_;
    Programs programs_;
    FirstActs first_acts_;
    WatchTags tags_;
    Filter filter_;
    Summaries summaries_;
    AuthFailures auth_failures_;
    std::optional<Budget> budget_;
    rec_gate gate_{};  // of the filter and the budget
    Reorder reorder_;
    Batch batch_, kept_;
    std::function<void(const rec_hdr&)> tap_;
    std::function<bool(const rec_hdr&)> canary_;
    std::function<void(const rec_hdr&)> watched_;
    std::uint64_t seq_ = 0, own_seq_ = 0, shown_ = 0;
    std::uint64_t lag_ns_ = 0;  // the longest since the last heartbeat
    bool stopped_ = false;
};

}  // namespace whodid
