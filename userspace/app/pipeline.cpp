// SPDX-License-Identifier: Apache-2.0
// The line from a record to the sinks.
#include "app/pipeline.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "app/budget_text.h"
#include "enrich/masking.h"
#include "event/make_record.h"

namespace whodid {

namespace {

std::uint64_t lag_of(const Event& event) {
    const std::uint64_t now = boot_now_ns(), then = event.record->boot_ns;
    return now > then ? now - then : 0;
}

}  // namespace

Pipeline::Pipeline(const Stream& stream, const Host& host, Ledger& ledger, const PipelineOptions& options,
                   Sink* sink, SeenPrograms seen)
    : stream_(stream),
      ledger_(ledger),
      options_(options),
      sink_(sink),
      enricher_(stream, host, options_.people, ledger),
      programs_(options.programs && host.is_live(), std::move(seen)),
      tags_(options_.watch),
      summaries_([this](const Event& exec) { return filter_.is_typed(exec); }) {
    options_.watch.follow_links(host);
}

Result<std::unique_ptr<Pipeline>> Pipeline::make(const Stream& stream, const Host& host, Ledger& ledger,
                                                 const PipelineOptions& options, Sink* sink) {
    Result<SeenPrograms> seen = SeenPrograms();
    if (!options.seen_path.empty()) seen = SeenPrograms::load(options.seen_path);
    if (!seen) return seen.error();
    std::unique_ptr<Pipeline> pipeline(new Pipeline(stream, host, ledger, options, sink, std::move(*seen)));
    const Processes& processes = pipeline->enricher_.processes();
    const Lineage lineage = {[&processes](const Process& process, std::uint32_t pid) {
                                 return processes.descends_from(process, pid);
                             },
                             [&processes](const Process& process) { return processes.parent(process); }};
    auto filter = Filter::compile(options.filter, lineage);
    if (!filter) return filter.error();
    pipeline->filter_ = std::move(*filter);
    if (options.budget.any()) pipeline->budget_.emplace(options.budget, lineage, boot_now_ns());
    pipeline->gate_ = pipeline->filter_.gate();
    return pipeline;
}

void Pipeline::take(std::span<const char> bytes) {
    programs_.expect(bytes);
    if (bytes.size() < sizeof(rec_hdr)) {
        ++ledger_[0].received;
        ++ledger_[0].malformed;
    } else if (options_.reorder) {
        enricher_.foresee(bytes);
        reorder_.add(bytes);
    } else {
        process(bytes, false);
    }
}

void Pipeline::learn(const std::vector<std::vector<char>>& records, std::uint64_t until_boot_ns) {
    const Ledger before = ledger_;
    for (const std::vector<char>& record : records) process(record, false);
    enricher_.tick(until_boot_ns, batch_);
    keep_first_acts(0);
    batch_.reset();
    ledger_ = before;
}

void Pipeline::go_on_from(const Numbers& numbers, std::uint64_t own) {
    seq_ = numbers.seq;
    shown_ = numbers.shown;
    own_seq_ = own;
}

Result<bool> Pipeline::advance(std::uint64_t until_boot_ns) {
    constexpr std::size_t kBatchMax = 512;  // events: what a sink gets at once, and what memory is held for
    Result<bool> going = true;
    reorder_.release(until_boot_ns, [&](std::span<char> bytes, bool late) {
        process(bytes, late);
        if (batch_.events.size() >= kBatchMax && going) going = deliver();
    });
    if (!going) return going;
    const std::size_t first = batch_.events.size();
    enricher_.tick(until_boot_ns, batch_);
    keep_first_acts(first);
    programs_.tick(until_boot_ns);
    sort_out();
    close_summaries(until_boot_ns);
    return write_out();
}

Result<bool> Pipeline::finish() { return advance(~std::uint64_t{0}); }

void Pipeline::process(std::span<const char> bytes, bool late) {
    char* at = batch_.arena.allocate(bytes.size());
    std::memcpy(at, bytes.data(), bytes.size());
    Result<Decoded> decoded = decode({at, bytes.size()});
    const std::uint16_t kind = reinterpret_cast<const rec_hdr*>(at)->kind;
    ++ledger_[decoded ? kind : 0].received;
    if (!decoded) {
        ++ledger_[0].malformed;
        spdlog::warn("{}", decoded.error().message);
        return;
    }
    if ((canary_ && canary_(*decoded->record)) || guard_.is_upkeep(*decoded->record)) {
        ++ledger_[kind].consumed;
        return;
    }
    if (late) decoded->record->flags |= REC_F_LATE;
    bool masked = false;
    const Decoded clean = options_.mask ? mask_record(*decoded, batch_.arena, masked) : *decoded;
    if (tap_) tap_(*clean.record);
    if (kind == REC_RAW_FOLD) {
        close_fold(reinterpret_cast<const rec_folded&>(*clean.record));
        return;
    }
    const std::size_t first = batch_.events.size();
    enricher_.enrich(clean, masked, batch_);
    keep_first_acts(first);
    describe_programs(clean, first);
    report_tampering(first);
}

void Pipeline::keep_first_acts(std::size_t first) {
    for (std::size_t i = first; i < batch_.events.size(); ++i) first_acts_.keep(batch_.events[i]);
}

/// The event that stands for all of them is the first one's, with their number and times.
void Pipeline::close_fold(const rec_folded& folded) {
    ++ledger_[REC_RAW_FOLD].consumed;
    ledger_[folded.key.kind].closed += folded.count;
    std::optional<Event> event = first_acts_.recall(folded, batch_);
    if (!event) event = enricher_.unknown_first(folded, batch_);
    if (!event) return;
    event->wall_ns = enricher_.anchor().wall(folded.h.boot_ns);
    event->first_ns = enricher_.anchor().wall(folded.first_ns);
    event->last_ns = enricher_.anchor().wall(folded.last_ns);
    event->count = folded.count + 1;
    event->closes_fold = true;
    enricher_.count_folded(*event, folded);
    ++ledger_[event->kind->id].made;
    const std::size_t at = batch_.events.size();
    batch_.events.push_back(std::move(*event));
    report_tampering(at);
}

void Pipeline::describe_programs(const Decoded& record, std::size_t first) {
    Event task;
    task.record = record.record;
    if (record.kind->id == REC_RAW_TASK) programs_.was_running(task);
    for (std::size_t i = first; i < batch_.events.size(); ++i)
        if (batch_.events[i].kind->id == REC_PROCESS_EXEC) programs_.describe(batch_.events[i]);
}

/// Recorded as well: a replay does not know what was guarded.
void Pipeline::report_tampering(std::size_t first) {
    const std::size_t end = batch_.events.size();
    for (std::size_t i = first; i < end; ++i) {
        const std::string did = guard_.describe(batch_.events[i]);
        if (did.empty()) continue;
        const Event cause = batch_.events[i];  // what is appended moves them
        const rec_hdr* made = enricher_.append_tamper(cause, did, batch_);
        if (tap_) tap_(*made);
    }
}

/// A summary says less than what it stands for: who wants everything, or has said what, gets that.
bool Pipeline::summarizes() const {
    const auto profile = filter_.profile();
    return options_.summaries && profile && *profile != Profile::kForensic;
}

/// Counts where it goes if it is not.
bool Pipeline::is_told_by_itself(const Event& event) {
    LedgerLine& line = ledger_[event.kind->id];
    const bool is_open = !stopped_ && !is_enough() && sink_;
    const bool kept = is_open && filter_.keeps(event);
    if (budget_ && event.kind->id == REC_PROCESS_EXEC) budget_->note(event);
    const bool is_counted =
        is_open && summarizes() && (summaries_.take(event, kept) || (kept && auth_failures_.take(event)));
    const bool is_shed = kept && !is_counted && budget_ && budget_->leaves_out(event);
    if (is_counted) ++line.summarized;
    if (is_shed) ++line.shed;
    if (!kept) ++line.filtered;
    return kept && !is_counted && !is_shed;
}

void Pipeline::keep(Event event) {
    event.seq = ++seq_;
    if (event.kind->id < REC_SENSOR_START || event.kind->id > REC_SENSOR_HEARTBEAT) ++shown_;
    ++ledger_[event.kind->id].written;
    kept_.events.push_back(std::move(event));
}

void Pipeline::sort_out() {
    if (budget_) budget_->advance(boot_now_ns());
    if (!batch_.events.empty()) lag_ns_ = std::max(lag_ns_, lag_of(batch_.events.front()));
    for (Event& event : batch_.events) {
        ++ledger_[event.kind->id].delivered;
        tags_.tag(event, batch_.arena);
        if (watched_ && !event.tags.empty() && event.record->task.fold != 0 && !event.closes_fold)
            watched_(*event.record);
        if (is_told_by_itself(event)) keep(std::move(event));
    }
    batch_.events.clear();
}

/// Whoever wanted what they stand for wants them.
void Pipeline::close_summaries(std::uint64_t until_boot_ns) {
    summaries_.tick(until_boot_ns, batch_.arena, [this](const Summaries::Told& told) {
        enricher_.append_made(told.record, told.first, batch_);
        Event& event = batch_.events.back();
        event.count = told.count;
        event.first_ns = enricher_.anchor().wall(event.as<rec_summary>().since_ns);
        event.last_ns = enricher_.anchor().wall(told.last_boot_ns);
        event.closes_fold = true;
        for (const auto& [kind, events] : told.of) ledger_[kind].retold += events;
    });
    auth_failures_.tick(until_boot_ns, batch_.arena, [this](Event event) {
        ++ledger_[REC_AUTH_ATTEMPT].made;
        ledger_[REC_AUTH_ATTEMPT].retold += event.count - 1;
        batch_.events.push_back(std::move(event));
    });
    for (Event& event : batch_.events) {
        LedgerLine& line = ledger_[event.kind->id];
        ++line.delivered;
        if (stopped_ || is_enough() || !sink_) {
            ++line.filtered;
            continue;
        }
        if (budget_) (void)budget_->leaves_out(event);  // it never is, but costs as much
        keep(std::move(event));
    }
    batch_.events.clear();
}

/// The kept events share the batch's arena, so both are reset together.
Result<bool> Pipeline::write_out() {
    Result<std::uint64_t> written = std::uint64_t{0};
    if (sink_ && !kept_.events.empty()) written = sink_->write(kept_);
    kept_.events.clear();
    batch_.reset();
    if (!written) {
        stopped_ = true;
        return written.error();
    }
    if (budget_) keep_budget(*written);
    return !is_enough();
}

Result<bool> Pipeline::deliver() {
    sort_out();
    return write_out();
}

void Pipeline::keep_budget(std::uint64_t bytes) {
    budget_->wrote(bytes);
    const auto change = budget_->changed();
    if (!change) return;
    gate_ = filter_.gate(budget_->step());
    say_budget(*change);
}

rec_hdr Pipeline::own_header(std::uint16_t kind) {
    rec_hdr header{};
    header.kind = kind;
    header.boot_ns = boot_now_ns();
    header.cpu = REC_OWN_CPU;
    header.seq = ++own_seq_;
    header.task.loginuid = header.task.sessionid = REC_UNSET;
    return header;
}

void Pipeline::append_own(const rec_hdr* record) {
    if (tap_) tap_(*record);
    enricher_.append_made(record, nullptr, batch_);
}

void Pipeline::say(std::uint16_t kind, std::string_view text) {
    RecordMaker<rec_sensor> made(own_header(kind), kind);
    made.text(&rec_sensor::text, text);
    append_own(made.finish(batch_.arena));
}

void Pipeline::use(Profile profile, std::string_view reason) {
    filter_.use(profile);
    gate_ = filter_.gate(budget_ ? budget_->step() : BudgetStep::kNothing);
    say(REC_SENSOR_BUDGET, fmt::format("profile {}: {}", profile_name(profile), reason));
}

void Pipeline::say_budget(const BudgetReport& report) { say(REC_SENSOR_BUDGET, describe(report)); }

void Pipeline::used_cpu(std::uint64_t ns) {
    if (budget_) budget_->used_cpu(ns);
}

std::vector<TableSize> Pipeline::table_sizes() const {
    std::vector<TableSize> all = enricher_.table_sizes();
    all.insert(all.end(), {programs_.table_size(), programs_.seen_size(), summaries_.table_size(),
                           auth_failures_.table_size(), TableSize{"reorder", reorder_.held(), 0, 0}});
    return all;
}

void Pipeline::say_left_out() {
    if (!budget_) return;
    const BudgetReport report = budget_->report();
    budget_.reset();  // what follows is the stream's end: nothing would tell of another step
    if (left_out(report) != 0) say_budget(report);
}

void Pipeline::say_loss(std::string_view stage, std::uint16_t kind, std::uint64_t count,
                        std::uint64_t since_ns, std::uint64_t until_ns) {
    const Kind* lost = find_kind(kind);
    RecordMaker<rec_sensor> made(own_header(REC_SENSOR_LOSS), REC_SENSOR_LOSS);
    made->count = count;
    made->since_ns = since_ns;
    made->until_ns = until_ns;
    made.text(&rec_sensor::stage, stage).text(&rec_sensor::kind, lost ? lost->name : "unknown");
    append_own(made.finish(batch_.arena));
}

void Pipeline::say_heartbeat(std::uint64_t lost, std::uint64_t missed) {
    RecordMaker<rec_heartbeat> made(own_header(REC_SENSOR_HEARTBEAT), REC_SENSOR_HEARTBEAT);
    made->delivered = shown_;
    made->lost = lost;
    made->missed = missed;
    made->lag_ns = std::exchange(lag_ns_, 0);
    append_own(made.finish(batch_.arena));
}

}  // namespace whodid
