// SPDX-License-Identifier: Apache-2.0
// The table's later sections: beside others, on whole programs, with much to remember, with filters, sealed.
#include <fmt/format.h>

#include "report.h"

namespace whodid::bench {

namespace {

/// "1.031 [1.012..1.060]": the median and where it lies.
std::string ratio_of(const Pairs& pairs) {
    const auto interval = pairs.ratio_interval();
    if (!interval) return fmt::format("{:.3f} (too few pairs)", pairs.ratio().median);
    return fmt::format("{:.3f} [{:.3f}..{:.3f}]", pairs.ratio().median, interval->low, interval->high);
}

std::string told(const PeerLoad& load) {
    if (!load.told) return "-";
    return fmt::format("{:.2f} %", 100 * load.share_told());
}

void print_peer(const Peer& peer, std::FILE* out) {
    if (!peer.not_run.empty()) {
        fmt::print(out, "   {}: not run: {}\n", peer.name, peer.not_run);
        return;
    }
    fmt::print(out,
               "   {}: {:.1f} MiB resident, buffers included; its own CPU s per million acts told: {}{}\n",
               peer.name, static_cast<double>(peer.resident) / 1024,
               peer.cpu_s_per_million.empty() ? "-" : fmt::format("{:.2f}", median(peer.cpu_s_per_million)),
               peer.told_all() ? "" : "; NOT ALL ACTS ARE IN ITS OUTPUT");
    for (const PeerLoad& load : peer.loads)
        fmt::print(out, "     {:<24}{:>9.0f}  {:<28}{:>9.0f}  {:<28}{:>9}\n", load.name,
                   load.cpu.base().median, spread(load.cpu.added()), load.wall.base().median,
                   spread(load.wall.added()), told(load));
}

void print_work(const WorkFigures& work, double event_ns, std::FILE* out) {
    if (!work.not_run.empty()) {
        fmt::print(out, "   {:<26}not run: {}\n", work.name, work.not_run);
        return;
    }
    const auto share = work.share_of(event_ns);
    fmt::print(out, "   {:<26}{:>9.3f}  {:<24}{:>9.3f}  {:<24}{:>9.3f}{:>9}{:>9}\n", work.name,
               work.cpu.base().median, ratio_of(work.cpu), work.wall.base().median, ratio_of(work.wall),
               median(work.sensor_cpu_s), work.events ? fmt::format("{:.0f}", *work.events) : "-",
               share ? fmt::format("{:.2f} %", 100 * *share) : "-");
}

}  // namespace

void print_peers(const Report& report, std::FILE* out) {
    if (report.peers.empty()) return;
    fmt::print(
        out,
        "\n6. Others on the same loads, lines to a file: ns added to one operation, and which part of the "
        "acts\n   their lines tell; -: they do not look at these\n");
    fmt::print(out, "     {:<24}{:>9}  {:<28}{:>9}  {:<28}{:>9}\n", "", "base CPU", "added", "base wall",
               "added", "told");
    for (const Peer& peer : report.peers) print_peer(peer, out);
}

void print_working(const Report& report, std::FILE* out) {
    const Working& working = report.working;
    if (working.works.empty()) return;
    const double event_ns = working.open.added().median;
    fmt::print(
        out,
        "\n7. Whole programs, {} pairs: with / without the sensor, median of the pairs' ratios [interval of "
        "at least 95 %\n   by its order statistics]; the sensor's own CPU time meanwhile; events x {:.0f} ns "
        "(open+close, same pairs)\n   as a share of the CPU time\n",
        working.open.size(), event_ns);
    fmt::print(out, "   {:<26}{:>9}  {:<24}{:>9}  {:<24}{:>9}{:>9}{:>9}\n", "", "CPU s", "ratio", "wall s",
               "ratio", "sensor s", "events", "share");
    for (const WorkFigures& work : working.works) print_work(work, event_ns, out);
}

void print_much_to_remember(const Report& report, std::FILE* out) {
    if (report.memories.empty()) return;
    fmt::print(
        out,
        "\n8. Resident memory with much to remember, MiB; of a replay the most it ever had, without rings\n");
    print_memory_head(out);
    for (const MemoryRow& row : report.memories) {
        if (!row.not_run.empty())
            fmt::print(out, "   {:<32}not run: {}\n", row.name, row.not_run);
        else if (row.most)
            fmt::print(out, "   {:<32}{:>9.1f}\n", row.name, static_cast<double>(row.memory.resident) / 1024);
        else
            print_memory(row.name, row.memory, out);
    }
}

void print_filters(const Report& report, std::FILE* out) {
    const Filters& filters = report.filters;
    if (!filters.not_run.empty()) fmt::print(out, "\n9. Filters: not run: {}\n", filters.not_run);
    if (filters.rows.empty()) return;
    fmt::print(
        out,
        "\n9. Filters of paths that keep everything, CPU time of a replay of {} events: with / without, and "
        "added\n   to one event\n",
        filters.events);
    fmt::print(out, "   {:<8}{:>7}  {:<28}{:>9}\n", "", "terms", "ratio", "ns");
    for (const FilterRow& row : filters.rows)
        fmt::print(out, "   {:<8}{:>7}  {:<28}{:>9.0f}\n", row.form, row.terms, ratio_of(row.cpu),
                   row.cpu.added().median * 1e9 / static_cast<double>(filters.events));
}

void print_seals(const Report& report, std::FILE* out) {
    const Seals& seals = report.seals;
    if (!seals.not_run.empty()) fmt::print(out, "\n13. Seals: not run: {}\n", seals.not_run);
    if (seals.rows.empty()) return;
    const double openssl_ns = median(seals.openssl_ns);
    fmt::print(out,
               "\n13. Seals of event files, CPU time of a KiB of lines: ns without, what the seal adds, and "
               "that as times\n   the {:.0f} ns of openssl speed sha256\n",
               openssl_ns);
    fmt::print(out, "   {:<10}{:>9}  {:<28}{:>9}\n", "line", "base", "added", "openssl");
    for (const SealRow& row : seals.rows)
        fmt::print(out, "   {:<10}{:>9.0f}  {:<28}{:>8.2f}x\n", row.line_bytes, row.cpu.base().median,
                   spread(row.cpu.added()), row.cpu.added().median / openssl_ns);
}

}  // namespace whodid::bench
