// SPDX-License-Identifier: Apache-2.0
// The table's sections about what an act costs at the least, and about no acts at all.
#include <fmt/format.h>

#include "report.h"

namespace whodid::bench {

namespace {

/// "1.48 [1.40..1.55] x bare"
std::string times_of(const HookRow& row, const HookRow& measure, std::size_t load) {
    const Summary ratio = times(row, measure, load);
    return fmt::format("{:.2f} [{:.2f}..{:.2f}] x {}", ratio.median, ratio.q1, ratio.q3, measure.measure);
}

void print_row(const Hooks& hooks, const HookRow& row, std::size_t load, std::FILE* out) {
    std::string line = fmt::format("     {:<24}", row.name);
    line += row.not_run.empty() ? spread(row.loads[load].added()) : "not run: " + row.not_run;
    std::size_t column = 57;
    for (const HookRow& measure : hooks.rows) {
        if (&measure == &row || !row.not_run.empty()) break;
        if (!measure.is_measure() || !measure.not_run.empty()) continue;
        line = fmt::format("{:<{}}{}", line, column, times_of(row, measure, load));
        column += 30;
    }
    fmt::print(out, "{}\n", line);
}

void print_hooks(const Hooks& hooks, std::FILE* out) {
    for (std::size_t load = 0; load < hooks.loads.size(); ++load) {
        fmt::print(out, "   {:<26}{:.0f} without\n", hooks.loads[load],
                   hooks.rows.front().loads[load].base().median);
        for (const HookRow& row : hooks.rows) print_row(hooks, row, load, out);
    }
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

}  // namespace

void print_fold(const Report& report, std::FILE* out) {
    if (report.fold.rows.empty()) return;
    fmt::print(out,
               "\n10. Acts that are counted, not told: ns of CPU time added, and how often what an empty "
               "program at the\n    same place (sys_exit_openat) adds\n");
    print_hooks(report.fold, out);
    for (const HookRow& row : report.fold.rows)
        if (const LedgerSums& l = row.ledger; l.seen)
            fmt::print(out, "   {}: of {} acts seen {:.2f} % were folded, {:.2f} % dropped by the gate\n",
                       row.name, l.seen, percent(l.folded, l.seen), percent(l.gated, l.seen));
}

void print_floor(const Report& report, std::FILE* out) {
    if (report.floor.rows.empty()) return;
    fmt::print(out,
               "\n11. Full records: ns of CPU time added, and how often what empty programs at the same "
               "places add, and bare\n    ones, which put the path (the name of what is not there, the "
               "peer) into a ring\n");
    print_hooks(report.floor, out);
}

void print_idle(const Report& report, std::FILE* out) {
    const Idle& idle = report.idle;
    if (idle.seconds <= 0) return;
    fmt::print(out, "\n12. The service left alone for {:.0f} s\n", idle.seconds);
    fmt::print(out,
               "   {:.2f} % of a CPU ({:.1f} ms); {} lines written meanwhile, the CPUs {:.1f} % in use\n",
               100 * idle.share(), 1000 * idle.cpu_s, idle.lines, 100 * idle.busy);
    fmt::print(out, "   from its start to its end {} acts seen: {} dropped by the gate, {} folded\n",
               idle.ledger.seen, idle.ledger.gated, idle.ledger.folded);
}

}  // namespace whodid::bench
