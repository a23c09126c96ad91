// SPDX-License-Identifier: Apache-2.0
// Status as metrics.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/footer.h"
#include "app/status.h"

namespace whodid {

namespace {

constexpr auto kCounter = Metric::Sort::kCounter;
constexpr auto kGauge = Metric::Sort::kGauge;

using Labels = std::vector<std::pair<std::string_view, std::string>>;

template <class T>
MetricPoint metric_point(Labels labels, T value) {
    return {std::move(labels), static_cast<double>(value)};
}

std::string kind_label(std::uint16_t kind) { return std::string(name_of_kind(kind)); }

/// One point for each of a list: read(one) of the label's value.
template <class T, class Name, class Read>
Metric point_for_each(const Metric& head, std::string_view label, const std::vector<T>& list, Name name,
                      Read read) {
    Metric metric = head;
    for (const T& one : list) metric.points.push_back(metric_point({{label, one.*name}}, read(one)));
    return metric;
}

void add_ledger(std::vector<Metric>& out, const Ledger& ledger) {
    Metric told{"whodid.events", "{event}", "Events written, by kind.", kCounter, {}};
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind)
        if (ledger[kind].written)
            told.points.push_back(metric_point({{"kind", kind_label(kind)}}, ledger[kind].written));
    const LedgerLine sum = ledger.total();
    Metric lost{"whodid.events.lost", "{event}", "Events that were lost, by where.", kCounter, {}};
    const std::pair<const char*, std::uint64_t> stages[] = {{"kernel_ring", sum.kernel.ring_full},
                                                            {"kernel_slot", sum.kernel.no_slot},
                                                            {"kernel_hook", sum.missed},
                                                            {"decode", sum.malformed},
                                                            {"worker", sum.died}};
    for (const auto& [stage, count] : stages) lost.points.push_back(metric_point({{"stage", stage}}, count));
    Metric columns{
        "whodid.ledger.events", "{event}", "The ledger's columns, all kinds together.", kCounter, {}};
    for (const LedgerColumn& column : ledger_columns())
        columns.points.push_back(metric_point({{"column", std::string(column.name)}}, column.read(sum)));
    out.insert(out.end(), {std::move(told), std::move(lost), std::move(columns)});
    out.push_back({"whodid.ledger.overruns",
                   "{station}",
                   "Stations where more events came out than went in.",
                   kGauge,
                   {metric_point({}, overruns(ledger).size())}});
}

void add_backends(std::vector<Metric>& out, const Status& status) {
    Metric metric{
        "whodid.backend", "", "1 for each sort of kernel program that a kind comes from.", kGauge, {}};
    for (const KindBackends& kind : status.backends)
        for (const std::string& backend : kind.attached)
            metric.points.push_back(metric_point({{"kind", kind_label(kind.kind)}, {"backend", backend}}, 1));
    out.push_back(std::move(metric));
}

void add_sinks(std::vector<Metric>& out, const std::vector<SinkStatus>& sinks) {
    const auto add = [&](std::string_view name, std::string_view unit, std::string_view doc,
                         Metric::Sort sort, auto member) {
        out.push_back(point_for_each({name, unit, doc, sort, {}}, "sink", sinks, &SinkStatus::name,
                                     [&](const SinkStatus& sink) { return sink.*member; }));
    };
    constexpr std::string_view kEvent = "{event}";
    add("whodid.sink.written", kEvent, "Events that a sink has written.", kCounter, &SinkStatus::written);
    add("whodid.sink.filtered", kEvent, "Events that a sink was told not to keep.", kCounter,
        &SinkStatus::filtered);
    add("whodid.sink.rejected", kEvent, "Events that a sink's far end refused.", kCounter,
        &SinkStatus::rejected);
    add("whodid.sink.failed", "{try}", "Tries of a sink that came to nothing.", kCounter,
        &SinkStatus::failed);
    add("whodid.sink.dropped", kEvent, "Events lost as a sink had no room for them.", kCounter,
        &SinkStatus::dropped);
    add("whodid.sink.pending", kEvent, "Events that wait for a sink.", kGauge, &SinkStatus::pending);
    add("whodid.sink.pending.size", "By", "Size of the events that wait for a sink.", kGauge,
        &SinkStatus::pending_bytes);
    add("whodid.sink.lag", "s", "Age of the oldest event that waits for a sink.", kGauge, &SinkStatus::lag_s);
    out.push_back(point_for_each({"whodid.sink.up", "", "0 where a sink's last try failed.", kGauge, {}},
                                 "sink", sinks, &SinkStatus::name,
                                 [](const SinkStatus& sink) { return sink.is_down ? 0 : 1; }));
}

void add_caches(std::vector<Metric>& out, const Status& status) {
    out.push_back(point_for_each({"whodid.cache.entries", "{entry}", "Entries of a cache.", kGauge, {}},
                                 "cache", status.caches, &CacheStatus::name,
                                 [](const CacheStatus& c) { return c.entries; }));
    Metric limits{"whodid.cache.limit", "{entry}", "How many entries a cache may have.", kGauge, {}};
    for (const CacheStatus& cache : status.caches) {
        if (cache.limit) limits.points.push_back(metric_point({{"cache", cache.name}}, cache.limit));
    }
    out.push_back(std::move(limits));
    out.push_back(point_for_each({"whodid.cache.evicted",
                                  "{entry}",
                                  "Entries that a cache had no room for, or threw out for others.",
                                  kCounter,
                                  {}},
                                 "cache", status.caches, &CacheStatus::name,
                                 [](const CacheStatus& c) { return c.evicted; }));
}

void add_rings(std::vector<Metric>& out, const std::vector<RingStatus>& rings) {
    const auto add = [&](std::string_view name, std::string_view doc, auto member) {
        out.push_back(point_for_each({name, "By", doc, kGauge, {}}, "ring", rings, &RingStatus::name,
                                     [&](const RingStatus& ring) { return ring.*member; }));
    };
    add("whodid.ring.pending", "Bytes in a ring that wait, or are kept for another worker.",
        &RingStatus::used_bytes);
    add("whodid.ring.size", "Size of a ring.", &RingStatus::size_bytes);
    add("whodid.ring.peak", "The most that a ring held since its reader began.", &RingStatus::peak_bytes);
}

void add_traces(std::vector<Metric>& out, const TraceStatus& traces) {
    out.push_back({"whodid.trace.clients",
                   "{client}",
                   "Clients of whodid trace that read from the sensor.",
                   kGauge,
                   {metric_point({}, traces.clients)}});
    out.push_back({"whodid.trace.sent",
                   "{event}",
                   "Events given to clients, counted for each.",
                   kCounter,
                   {metric_point({}, traces.sent)}});
    out.push_back({"whodid.trace.dropped",
                   "{event}",
                   "Events that clients were too slow for, counted for each.",
                   kCounter,
                   {metric_point({}, traces.dropped)}});
}

void add_process(std::vector<Metric>& out, const Status& status) {
    out.push_back({"whodid.build.info",
                   "",
                   "1; the label has the version.",
                   kGauge,
                   {metric_point({{"version", status.version}}, 1)}});
    out.push_back({"whodid.unserved",
                   "",
                   "1 where this machine's kernel cannot be watched, so that nothing is.",
                   kGauge,
                   {metric_point({}, status.unserved.empty() ? 0 : 1)}});
    out.push_back({"whodid.budget.step",
                   "{step}",
                   "What is left out to keep the budget: 0 nothing, 5 the most.",
                   kGauge,
                   {metric_point({}, status.budget_step)}});
    out.push_back({"whodid.config.reloads",
                   "{reload}",
                   "Tries to reload the configuration.",
                   kCounter,
                   {metric_point({{"result", "ok"}}, status.config.reloads),
                    metric_point({{"result", "refused"}}, status.config.refused)}});
    out.push_back({"process.resident_memory",
                   "By",
                   "Resident memory of the sensor.",
                   kGauge,
                   {metric_point({}, status.resident_bytes)}});
    out.push_back({"process.cpu",
                   "s",
                   "CPU time that the sensor has used.",
                   kCounter,
                   {metric_point({}, status.cpu_s)}});
    out.push_back({"process.start_time",
                   "s",
                   "When the sensor was started, since 1970.",
                   kGauge,
                   {metric_point({}, static_cast<double>(status.start_wall_ns) / 1e9)}});
}

}  // namespace

std::vector<Metric> metrics_of(const Status& status) {
    std::vector<Metric> out;
    add_process(out, status);
    add_ledger(out, status.ledger);
    add_backends(out, status);
    add_sinks(out, status.sinks);
    add_caches(out, status);
    add_rings(out, status.rings);
    add_traces(out, status.traces);
    return out;
}

}  // namespace whodid
