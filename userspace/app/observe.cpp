// SPDX-License-Identifier: Apache-2.0
// What a worker knows of itself.
#include "app/observe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "event/field_readers.h"

namespace whodid {

namespace {

constexpr std::size_t kPlaces = 256, kShown = 5;

/// What a file of proc(5) says now, which is open: to find it takes longer than to read it.
std::string_view read_again(const Fd& file, std::span<char> room) {
    const ssize_t bytes = ::pread(file.get(), room.data(), room.size(), 0);
    return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(bytes, 0))};
}

/// To the boot clock, which losses are told by; what was before the boot began at its beginning.
std::uint64_t boot_of(std::uint64_t wall_ns) {
    const ClockAnchor now = ClockAnchor::now();
    const std::uint64_t ago = now.wall_ns > wall_ns ? now.wall_ns - wall_ns : 0;
    return now.boot_ns > ago ? now.boot_ns - ago : 1;
}

SinkStatus status_of(SinkSet::Described sink, std::uint64_t now_ns) {
    const SinkCounts& counts = sink.counts;
    SinkStatus status;
    status.name = std::move(sink.name);
    status.type = std::move(sink.type);
    status.written = counts.written;
    status.filtered = sink.filtered;
    status.rejected = counts.rejected;
    status.failed = counts.failures;
    status.dropped = counts.dropped;
    status.pending = counts.pending;
    status.pending_bytes = counts.pending_bytes;
    if (counts.oldest_pending_ns != 0 && counts.oldest_pending_ns < now_ns)
        status.lag_s = static_cast<double>(now_ns - counts.oldest_pending_ns) / 1e9;
    status.is_down = counts.is_down;
    status.last_error = counts.last_error;
    status.last_error_wall_ns = counts.last_error_ns;
    return status;
}

}  // namespace

Observer::Observer(Status constant, SinkSet& sinks, const HandOver& hand_over, const Servers& servers,
                   std::vector<std::unique_ptr<MetricsExporter>> exporters)
    : constant_(std::move(constant)),
      sinks_(sinks),
      hand_over_(hand_over),
      servers_(servers),
      exporters_(std::move(exporters)),
      statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      programs_(kPlaces),
      people_(kPlaces) {}

void Observer::note(const Event& event) {
    if (!event.process) return;
    programs_.add(event.process->exe, event.count);
    if (const std::string_view person = person_id(*event.process); !person.empty())
        people_.add(person, event.count);
}

std::vector<SinkSet::NamedLoss> Observer::take_losses(Moment moment) {
    static constexpr std::uint16_t kStop[] = {REC_SENSOR_STOP};
    switch (moment) {
        case Moment::kRunning:
            return sinks_.take_named_losses();
        case Moment::kLeaving:
            return sinks_.take_last_losses({});
        case Moment::kStopping:
            break;
    }
    return sinks_.take_last_losses(kStop);
}

/// How full what must not grow without end is.
void Observer::describe_room(Status& status, const Pipeline& pipeline, const LiveCapture* live) const {
    std::vector<TableSize> tables = pipeline.table_sizes();
    if (live && live->folds().limit != 0) tables.push_back(live->folds());
    for (const TableSize& table : tables)
        status.caches.push_back({std::string(table.name), table.entries, table.limit, table.evicted});
    if (live)
        for (const RingUse& ring : live->rings())
            status.rings.push_back({std::string(ring.name), ring.used, ring.size, ring.peak});
    if (!servers_.traces) return;
    const TraceServer::Counts counts = servers_.traces->counts();
    status.traces = {counts.clients, counts.sent, counts.dropped};
}

void Observer::look(const Ledger& ledger, Pipeline& pipeline, const LiveCapture* live, Moment moment) {
    if (moment == Moment::kRunning) (void)sinks_.tick();
    for (const auto& [sink, loss] : take_losses(moment))
        pipeline.say_loss("sink " + sink + " (" + loss.why + ")", loss.kind, loss.count,
                          boot_of(loss.since_ns), boot_of(loss.until_ns));
    const std::uint64_t now_ns = boot_now_ns();
    rates_.take(ledger, now_ns);
    auto status = std::make_shared<Status>(constant_);
    status->uptime_ns = now_ns - status->start_boot_ns;
    status->is_ready = true;
    status->ledger = ledger;
    status->rates = rates_.rates();
    status->lost_recently = rates_.lost();
    for (SinkSet::Described& sink : sinks_.describe())
        status->sinks.push_back(status_of(std::move(sink), wall_now_ns()));
    const HandOver::Reloads reloads = hand_over_.reloads();
    status->config.reloads = reloads.done;
    status->config.refused = reloads.refused;
    status->config.last_wall_ns = reloads.last_wall_ns;
    status->config.last_error = reloads.last_error;
    status->budget_step = pipeline.budget_step();
    describe_room(*status, pipeline, live);
    char room[128];
    status->resident_bytes = resident_bytes_of(read_again(statm_, room));
    status->cpu_s = static_cast<double>(cpu_used_ns()) / 1e9;
    status->top_programs = programs_.top(kShown);
    status->top_people = people_.top(kShown);
    if (!exporters_.empty()) {
        const auto metrics = std::make_shared<const std::vector<Metric>>(metrics_of(*status));
        for (const auto& exporter : exporters_) exporter->publish(metrics);
    }
    if (servers_.status) servers_.status->publish(std::move(status));
}

}  // namespace whodid
