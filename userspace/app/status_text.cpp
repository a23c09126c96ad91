// SPDX-License-Identifier: Apache-2.0
// Status for people.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "app/footer.h"
#include "app/status.h"
#include "base/clock.h"
#include "base/escape.h"
#include "filter/budget.h"

namespace whodid {

namespace {

constexpr std::size_t kTextColumns = 110;

/// Rows of cells; those of the first `left` columns and of the last one begin at the left.
class Columns {
public:
    Columns(std::size_t left, std::vector<std::string> head) : left_(left) {
        rows_.push_back(std::move(head));
    }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    /// After a blank line; nothing without a row below the head.
    std::string text() const {
        if (rows_.size() < 2) return {};
        std::vector<std::size_t> widths(rows_.front().size());
        for (const auto& row : rows_)
            for (std::size_t i = 0; i < row.size(); ++i)
                widths[i] = std::max(widths[i], display_width(row[i]));
        std::string out = "\n";
        for (const auto& row : rows_) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                const std::string blank(widths[i] - display_width(row[i]), ' ');
                if (i) line += "  ";
                line += i < left_ || i + 1 == row.size() ? row[i] + blank : blank + row[i];
            }
            out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
        }
        return out;
    }

private:
    std::size_t left_;
    std::vector<std::vector<std::string>> rows_;
};

std::string shown_name(std::string_view name, std::size_t columns) {
    return cut_middle(escape_for_terminal(name), columns);
}

std::string rate_text(double per_s) {
    return per_s < 9.95 ? fmt::format("{:.1f}", per_s) : fmt::format("{:.0f}", per_s);
}

std::string lag_text(double s) { return format_duration(static_cast<std::uint64_t>(std::max(s, 0.0) * 1e9)); }

std::string headline(const Status& status, const std::vector<std::string>& wrong) {
    std::string out = fmt::format("whodid {} on {}: {}, up {}\n", status.version, shown_name(status.host, 60),
                                  wrong.empty() ? "healthy" : "WRONG", format_duration(status.uptime_ns));
    for (const std::string& trouble : wrong) out += fmt::format("! {}\n", escape_for_terminal(trouble));
    return out;
}

std::string sensor_line(const Status& status) {
    std::string out = fmt::format("sensor    pid {}, Linux {}", status.pid, shown_name(status.kernel, 40));
    if (!status.profile.empty()) out += ", profile " + status.profile;
    if (!status.budget.empty())
        out += fmt::format(", budget {}: step {} of {}", status.budget, status.budget_step, kBudgetSteps);
    const double up_s = static_cast<double>(status.uptime_ns) / 1e9;
    out += fmt::format("; memory {}B", format_bytes(status.resident_bytes));
    if (up_s > 0) out += fmt::format(", CPU {:.1f}%", 100 * status.cpu_s / up_s);
    return out + '\n';
}

std::string config_line(const ConfigStatus& config) {
    if (config.path.empty()) return {};
    std::string out = "config    " + shown_name(config.path, 60);
    if (config.last_wall_ns)
        out += fmt::format(", {} at {}", config.last_error.empty() ? "reloaded" : "REFUSED",
                           format_clock(config.last_wall_ns));
    return out + '\n';
}

std::string events_lines(const Status& status) {
    const LedgerLine sum = status.ledger.total();
    double seen = 0, told = 0;
    for (const KindRate& kind : status.rates) {
        seen += kind.seen_per_s;
        told += kind.told_per_s;
    }
    const std::uint64_t gone = lost(sum);
    std::string out = fmt::format("events    {} told, {}; in the last minute {}/s seen, {}/s told, {} lost\n",
                                  with_commas(sum.written), gone ? "LOST " + with_commas(gone) : "0 lost",
                                  rate_text(seen), rate_text(told), with_commas(status.lost_recently));
    std::string ledger;
    for (const LedgerColumn& column : ledger_columns())
        if (const std::uint64_t count = column.read(sum))
            ledger += fmt::format("{}{} {}", ledger.empty() ? "" : ", ", column.name, with_commas(count));
    if (!ledger.empty()) out += "ledger    " + ledger + '\n';
    std::string rings;
    for (const RingStatus& ring : status.rings)
        rings += fmt::format("{}{} {:.0f}% of {}B, at most {}B", rings.empty() ? "" : ", ", ring.name,
                             100 * ring.fill(), format_bytes(ring.size_bytes), format_bytes(ring.peak_bytes));
    if (!rings.empty()) out += "rings     " + rings + "\n";
    const TraceStatus& traces = status.traces;
    if (traces.clients != 0 || traces.sent != 0)
        out += fmt::format("traces    {} now; {} events sent, {} dropped\n", traces.clients,
                           with_commas(traces.sent), with_commas(traces.dropped));
    return out;
}

std::string sinks_table(const std::vector<SinkStatus>& sinks) {
    Columns table(3, {"SINK", "TYPE", "STATE", "WRITTEN", "FILTERED", "REJECTED", "FAILED", "DROPPED",
                      "PENDING", "LAG", "LAST ERROR"});
    for (const SinkStatus& sink : sinks) {
        std::string error;
        if (!sink.last_error.empty())
            error =
                fmt::format("{} {}", format_clock(sink.last_error_wall_ns), shown_name(sink.last_error, 40));
        table.add({shown_name(sink.name, 16), sink.type, sink.is_down ? "DOWN" : "ok",
                   with_commas(sink.written), with_commas(sink.filtered), with_commas(sink.rejected),
                   with_commas(sink.failed), with_commas(sink.dropped), with_commas(sink.pending),
                   sink.lag_s > 0 ? lag_text(sink.lag_s) : "-", std::move(error)});
    }
    return table.text();
}

/// The busiest, and all that lost any.
std::string kinds_table(const Status& status) {
    constexpr std::size_t kBusiest = 8;
    std::vector<KindRate> rows = status.rates;
    std::ranges::stable_sort(rows, std::greater(), &KindRate::seen_per_s);
    std::vector<KindRate> more;
    if (rows.size() > kBusiest) {
        more.assign(rows.begin() + kBusiest, rows.end());
        rows.resize(kBusiest);
    }
    for (std::uint16_t id = 0; id < WHODID_KIND_MAX; ++id) {
        if (lost(status.ledger[id]) == 0 || std::ranges::count(rows, id, &KindRate::kind)) continue;
        const auto known = std::ranges::find(more, id, &KindRate::kind);
        rows.push_back(known != more.end() ? *known : KindRate{id, 0, 0});
    }
    Columns table(1, {"KIND", "SEEN/s", "TOLD/s", "TOLD", "LOST", "FROM"});
    for (const KindRate& row : rows) {
        const LedgerLine& line = status.ledger[row.kind];
        const auto backends = std::ranges::find(status.backends, row.kind, &KindBackends::kind);
        std::string from;
        if (backends != status.backends.end())
            from = fmt::format("{}{}", fmt::join(backends->attached, ", "),
                               backends->partial ? " (partial)" : "");
        table.add({std::string(name_of_kind(row.kind)), rate_text(row.seen_per_s), rate_text(row.told_per_s),
                   with_commas(line.written), with_commas(lost(line)), from});
    }
    return table.text();
}

std::string caches_table(const std::vector<CacheStatus>& caches) {
    Columns table(1, {"CACHE", "ENTRIES", "LIMIT", "EVICTED", ""});
    for (const CacheStatus& cache : caches)
        table.add({shown_name(cache.name, 24), with_commas(cache.entries),
                   cache.limit ? with_commas(cache.limit) : "-", with_commas(cache.evicted), ""});
    return table.text();
}

std::string top_table(std::string_view title, const std::vector<TopCounts::Entry>& entries) {
    Columns table(0, {"EVENTS", std::string(title)});
    for (const TopCounts::Entry& entry : entries)
        table.add(
            {with_commas(entry.count) + (entry.error ? "~" : ""), shown_name(entry.name, kTextColumns - 20)});
    return table.text();
}

}  // namespace

std::string status_text(const Status& status) {
    return headline(status, troubles(status)) + sensor_line(status) + config_line(status.config) +
           events_lines(status) + sinks_table(status.sinks) + kinds_table(status) +
           caches_table(status.caches) + top_table("PROGRAM", status.top_programs) +
           top_table("PERSON", status.top_people);
}

}  // namespace whodid
