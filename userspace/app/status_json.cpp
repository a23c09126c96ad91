// SPDX-License-Identifier: Apache-2.0
// Status as JSON.
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "app/footer.h"
#include "app/status.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "event/kinds.h"

namespace whodid {

namespace {

void put_scalar(JsonWriter& out, std::string_view text) { out.text(text); }
void put_scalar(JsonWriter& out, std::unsigned_integral auto number) { out.number(number); }
void put_scalar(JsonWriter& out, bool value) { out.boolean(value); }

template <class T>
void put_member(JsonWriter& out, std::string_view key, const T& value) {
    out.key(key);
    put_scalar(out, value);
}

/// JSON has no infinity.
void put_member(JsonWriter& out, std::string_view key, double value) {
    if (!std::isfinite(value)) return;
    out.key(key);
    out.real(value);
}

void put_member_time(JsonWriter& out, std::string_view key, std::uint64_t wall_ns) {
    char text[kRfc3339Length];
    format_rfc3339(wall_ns, text);
    put_member(out, key, std::string_view(text, sizeof text));
}

/// An array; put_one writes an element.
template <class T, class F>
void put_array(JsonWriter& out, std::string_view key, const std::vector<T>& list, F put_one) {
    out.key(key);
    out.raw("[");
    for (const T& one : list) {
        if (&one != list.data()) out.raw(",");
        put_one(one);
    }
    out.raw("]");
}

void put_texts(JsonWriter& out, std::string_view key, const std::vector<std::string>& texts) {
    put_array(out, key, texts, [&](const std::string& text) { out.text(text); });
}

void put_config(JsonWriter& out, const ConfigStatus& config) {
    out.key("config");
    out.begin();
    if (!config.path.empty()) put_member(out, "path", config.path);
    put_member(out, "reloads", config.reloads);
    put_member(out, "refused", config.refused);
    if (config.last_wall_ns) put_member_time(out, "last_reload", config.last_wall_ns);
    if (!config.last_error.empty()) put_member(out, "error", config.last_error);
    out.end();
}

void put_columns(JsonWriter& out, const LedgerLine& line) {
    for (const LedgerColumn& column : ledger_columns()) put_member(out, column.name, column.read(line));
}

bool is_untouched(const LedgerLine& line) {
    std::uint64_t sum = 0;
    for (const LedgerColumn& column : ledger_columns()) sum |= column.read(line);
    return sum == 0;
}

void put_kind(JsonWriter& out, const Status& status, std::uint16_t id, std::string_view name) {
    std::string members;
    JsonWriter kind(members);
    kind.begin();
    for (const KindBackends& backends : status.backends)
        if (backends.kind == id) {
            put_texts(kind, "backends", backends.attached);
            put_member(kind, "partial", backends.partial);
        }
    for (const KindRate& rate : status.rates)
        if (rate.kind == id) {
            put_member(kind, "seen_per_s", rate.seen_per_s);
            put_member(kind, "told_per_s", rate.told_per_s);
        }
    if (!is_untouched(status.ledger[id])) {
        kind.key("ledger");
        kind.begin();
        put_columns(kind, status.ledger[id]);
        kind.end();
    }
    kind.end();
    if (members == "{}") return;
    out.key(name);
    out.raw(members);
}

void put_kinds(JsonWriter& out, const Status& status) {
    out.key("ledger");
    out.begin();
    put_columns(out, status.ledger.total());
    out.end();
    out.key("kinds");
    out.begin();
    put_kind(out, status, 0, "unknown");
    for (const Kind& kind : kinds()) put_kind(out, status, kind.id, kind.name);
    out.end();
}

void put_sink(JsonWriter& out, const SinkStatus& sink) {
    out.begin();
    put_member(out, "name", sink.name);
    put_member(out, "type", sink.type);
    put_member(out, "down", sink.is_down);
    put_member(out, "written", sink.written);
    put_member(out, "filtered", sink.filtered);
    put_member(out, "rejected", sink.rejected);
    put_member(out, "failed", sink.failed);
    put_member(out, "dropped", sink.dropped);
    put_member(out, "pending", sink.pending);
    put_member(out, "pending_bytes", sink.pending_bytes);
    put_member(out, "lag_s", sink.lag_s);
    if (!sink.last_error.empty()) {
        put_member(out, "error", sink.last_error);
        put_member_time(out, "error_time", sink.last_error_wall_ns);
    }
    out.end();
}

void put_cache(JsonWriter& out, const CacheStatus& cache) {
    out.begin();
    put_member(out, "name", cache.name);
    put_member(out, "entries", cache.entries);
    if (cache.limit) put_member(out, "limit", cache.limit);
    put_member(out, "evicted", cache.evicted);
    out.end();
}

void put_ring(JsonWriter& out, const RingStatus& ring) {
    out.begin();
    put_member(out, "name", ring.name);
    put_member(out, "used_bytes", ring.used_bytes);
    put_member(out, "size_bytes", ring.size_bytes);
    put_member(out, "peak_bytes", ring.peak_bytes);
    put_member(out, "fill", ring.fill());
    out.end();
}

void put_traces(JsonWriter& out, const TraceStatus& traces) {
    out.key("traces");
    out.begin();
    put_member(out, "clients", traces.clients);
    put_member(out, "sent", traces.sent);
    put_member(out, "dropped", traces.dropped);
    out.end();
}

void put_top(JsonWriter& out, const TopCounts::Entry& entry) {
    out.begin();
    put_member(out, "name", entry.name);
    put_member(out, "count", entry.count);
    put_member(out, "error", entry.error);
    out.end();
}

void put_sensor(JsonWriter& out, const Status& status) {
    put_member(out, "version", status.version);
    put_member(out, "host", status.host);
    put_member(out, "kernel", status.kernel);
    put_member(out, "pid", status.pid);
    put_member_time(out, "start_time", status.start_wall_ns);
    put_member(out, "uptime_s", static_cast<double>(status.uptime_ns) / 1e9);
    if (!status.profile.empty()) put_member(out, "profile", status.profile);
    if (!status.budget.empty()) put_member(out, "budget", status.budget);
    put_member(out, "budget_step", status.budget_step);
    put_member(out, "resident_bytes", status.resident_bytes);
    put_member(out, "cpu_s", status.cpu_s);
}

}  // namespace

std::string status_json(const Status& status) {
    const std::vector<std::string> wrong = troubles(status);
    std::string line;
    JsonWriter out(line);
    out.begin();
    put_member(out, "format", 1u);
    put_member(out, "healthy", wrong.empty());
    put_member(out, "ready", status.is_ready);
    if (!status.unserved.empty()) put_member(out, "unserved", status.unserved);
    put_texts(out, "troubles", wrong);
    put_sensor(out, status);
    put_config(out, status.config);
    put_member(out, "told", status.ledger.total().written);
    put_member(out, "lost", lost(status.ledger.total()));
    put_member(out, "lost_last_minute", status.lost_recently);
    put_array(out, "sinks", status.sinks, [&](const SinkStatus& sink) { put_sink(out, sink); });
    put_traces(out, status.traces);
    put_array(out, "rings", status.rings, [&](const RingStatus& ring) { put_ring(out, ring); });
    put_array(out, "caches", status.caches, [&](const CacheStatus& cache) { put_cache(out, cache); });
    put_array(out, "top_programs", status.top_programs, [&](const auto& entry) { put_top(out, entry); });
    put_array(out, "top_people", status.top_people, [&](const auto& entry) { put_top(out, entry); });
    put_kinds(out, status);
    out.end();
    return line + "\n";
}

}  // namespace whodid
