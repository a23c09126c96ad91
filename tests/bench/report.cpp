// SPDX-License-Identifier: Apache-2.0
// The table.
#include "report.h"

#include <fmt/format.h>

namespace whodid::bench {

namespace {

std::string range_s(const std::vector<double>& seconds) {
    const Summary s = summarize(seconds);
    return seconds.empty() ? "-" : fmt::format("{:.3f} [{:.3f}..{:.3f}] s", s.median, s.q1, s.q3);
}

void print_machine(const Report& report, std::FILE* out) {
    const Machine& m = report.machine;
    fmt::print(out, "machine     Linux {} {}, {}\n", m.kernel, m.architecture, m.build);
    fmt::print(out, "            {} CPUs, {}; hypervisor: {}; preemption: {}\n", m.cpus,
               m.cpu_model.empty() ? "unknown model" : m.cpu_model, m.hypervisor,
               m.preemption.empty() ? "as built (debugfs is not mounted)" : m.preemption);
    fmt::print(out, "            {} BPF programs were loaded before; load average {:.2f}\n", m.bpf_programs,
               m.load_average);
    fmt::print(out, "command     {}\n", report.benchmark);
    fmt::print(out, "sensor      {}\n", report.command);
    fmt::print(out,
               "method      {} pairs without and with it; median [quartiles] of the pairs' differences\n",
               report.pairs);
    if (report.busy())
        fmt::print(out,
                   "BUSY        others had up to {:.0f} % of the CPUs in use: do not trust the figures\n",
                   report.busiest * 100);
    if (m.bpf_programs)
        fmt::print(out, "NOTE        other BPF programs run here too: the base has their cost in it\n");
    if (m.bpf_stats) fmt::print(out, "NOTE        kernel.bpf_stats_enabled is on: each program costs more\n");
    if (report.quick)
        fmt::print(out, "QUICK       few and short runs: shows that it works, not what it costs\n");
}

void print_loads(const Report& report, std::FILE* out) {
    if (report.loads.empty()) return;
    fmt::print(out, "\n1. Added to one operation, ns of CPU time of the load itself, and of wall time\n");
    fmt::print(out, "   {:<24}{:>9}  {:<28}{:>9}  {:<28}{:>9}\n", "", "base CPU", "added", "base wall",
               "added", "events/op");
    for (const LoadFigures& load : report.loads)
        fmt::print(out, "   {:<24}{:>9.0f}  {:<28}{:>9.0f}  {:<28}{:>9}\n", load.name, load.cpu.base().median,
                   spread(load.cpu.added()), load.wall.base().median, spread(load.wall.added()),
                   load.events ? fmt::format("{:.2f}", *load.events) : "-");
    fmt::print(out, "   the sensor starts in {} and stops in {}\n", range_s(report.start_s),
               range_s(report.stop_s));
}

void print_attach_types(const Report& report, std::FILE* out) {
    if (report.attach_types.empty()) return;
    fmt::print(out, "\n2. Ways to see a system call's end, empty programs, ns of CPU time added\n");
    fmt::print(out, "   {:<32}{:>6}  {:<22}{:<24}{:>10}{:>11}\n", "", "places", "getppid", "open+close",
               "attach ms", "detach ms");
    for (const AttachType& type : report.attach_types) {
        if (!type.absent.empty()) {
            fmt::print(out, "   {:<32}{:>6}  not here: {}\n", type.name, type.places, type.absent);
            continue;
        }
        fmt::print(out, "   {:<32}{:>6}  {:<22}{:<24}{:>10.1f}{:>11.1f}\n", type.name, type.places,
                   spread(type.unrelated.added()), spread(type.open.added()), median(type.attach_s) * 1e3,
                   median(type.detach_s) * 1e3);
    }
    const AttachType& first = report.attach_types.front();
    fmt::print(out, "   without: getppid {:.0f}, open+close {:.0f}\n", first.unrelated.base().median,
               first.open.base().median);
}

void print_daemon_run(const DaemonRun& run, std::FILE* out) {
    if (!run.skipped.empty()) {
        fmt::print(out, "   {:<26}skipped: {}\n", run.name, run.skipped);
        return;
    }
    const LedgerSums& l = run.ledger;
    if (run.flood.opens) {
        const double rate = static_cast<double>(run.flood.opens) / run.flood.seconds;
        const double lost = l.seen ? static_cast<double>(l.lost()) / static_cast<double>(l.seen) : 0;
        fmt::print(out, "   {:<26}{} opens in {:.1f} s ({:.0f}/s); seen {}, lost {} ({:.2f} %)\n", run.name,
                   run.flood.opens, run.flood.seconds, rate, l.seen, l.lost(), 100 * lost);
    } else {
        fmt::print(out, "   {}\n", run.name);
    }
    fmt::print(out, "   {:<26}received {} in {:.1f} s ({:.0f}/s), written {}; ledger {}\n", "", l.received,
               run.seconds, run.per_second(), l.written, l.balances ? "balances" : "DOES NOT BALANCE");
    const auto cost = run.per_million();
    if (cost)
        fmt::print(out, "   {:<26}CPU s per million events: {:.2f} user + {:.2f} system = {:.2f}\n", "",
                   cost->user_s, cost->system_s, cost->user_s + cost->system_s);
    else
        fmt::print(
            out, "   {:<26}too few events to tell their cost: the sensor does not report these opens\n", "");
    if (run.output_bytes)
        fmt::print(out, "   {:<26}{:.1f} MiB written\n", "",
                   static_cast<double>(run.output_bytes) / (1 << 20));
}

void print_daemon(const Report& report, std::FILE* out) {
    if (report.daemon.empty()) return;
    fmt::print(out, "\n3. The daemon under a flood of opens, as fast as they go\n");
    for (const DaemonRun& run : report.daemon) print_daemon_run(run, out);
}

void print_sizes(const Report& report, std::FILE* out) {
    if (report.loads.empty()) return;
    fmt::print(out, "\n4. Bytes of a JSON line, by kind; compressed: zstd -3 over all lines of the kind\n");
    if (report.census.kinds.empty())
        fmt::print(out, "   no lines\n");
    else
        fmt::print(out, "   {:<24}{:>9}{:>9}{:>9}{:>12}\n", "", "lines", "average", "longest", "compressed");
    for (const auto& [kind, size] : report.census.kinds) {
        const auto lines = static_cast<double>(size.lines);
        fmt::print(out, "   {:<24}{:>9}{:>9.0f}{:>9}{:>12}\n", kind, size.lines,
                   static_cast<double>(size.bytes) / lines, size.longest,
                   size.compressed ? fmt::format("{:.1f}", static_cast<double>(*size.compressed) / lines)
                                   : "no zstd");
    }
    fmt::print(out, "   the loads repeat themselves, which compresses better than real life\n");
}

void print_memories(const Report& report, std::FILE* out) {
    if (report.daemon.empty()) return;
    fmt::print(out, "\n5. Resident memory, MiB; the rings are mapped twice, and counted twice\n");
    print_memory_head(out);
    for (const DaemonRun& run : report.daemon) {
        if (!run.memory_start.resident) continue;
        fmt::print(out, "   {}\n", run.name);
        print_memory("  at start", run.memory_start, out);
        print_memory("  after the flood", run.memory_end, out);
    }
}

}  // namespace

std::string spread(const Summary& s) {
    return fmt::format("{:+.0f} [{:+.0f}..{:+.0f}]", s.median, s.q1, s.q3);
}

void print_memory_head(std::FILE* out) {
    fmt::print(out, "   {:<32}{:>9}{:>9}{:>9}{:>9}{:>9}{:>16}\n", "", "resident", "anon", "file", "shmem",
               "rings", "without rings");
}

void print_memory(const std::string& when, const Memory& m, std::FILE* out) {
    const auto mib = [](std::uint64_t kib) { return static_cast<double>(kib) / 1024; };
    fmt::print(out, "   {:<32}{:>9.1f}{:>9.1f}{:>9.1f}{:>9.1f}{:>9.1f}{:>16.1f}\n", when, mib(m.resident),
               mib(m.anonymous), mib(m.file), mib(m.shared), mib(m.rings), mib(m.resident - m.rings));
}

void print_table(const Report& report, std::FILE* out) {
    print_machine(report, out);
    print_loads(report, out);
    print_attach_types(report, out);
    print_daemon(report, out);
    print_sizes(report, out);
    print_memories(report, out);
    print_peers(report, out);
    print_working(report, out);
    print_much_to_remember(report, out);
    print_filters(report, out);
    print_fold(report, out);
    print_floor(report, out);
    print_idle(report, out);
    print_seals(report, out);
    fmt::print(out, "\ntook {:.0f} s\n", report.seconds);
}

}  // namespace whodid::bench
