// SPDX-License-Identifier: Apache-2.0
// The peers, their loads, and the count of their lines.
#include "peers.h"

#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>

#include "loads.h"
#include "tool.h"

namespace whodid::bench {

namespace {

constexpr double kDrainS = 5;  // at most: on a busy host a tool that prints everything is never quiet

enum class Act { kOpen, kConnect, kExec, kNone };

/// What is in a line that tells an act; {pid} is the load's, {path} the file's, {program} what is run. Empty:
/// the tool does not look at such acts.
struct Marks {
    Words open, connect, exec;

    const Words& of(Act act) const {
        static const Words kNothing;
        if (act == Act::kOpen) return open;
        if (act == Act::kConnect) return connect;
        return act == Act::kExec ? exec : kNothing;
    }
};

struct ToolKind {
    std::string name;
    Marks marks;
    std::function<StartedTool(const Site&)> start;
};

struct LoadKind {
    const Load& load;
    Act act;
    std::string path;  // of an open
};

std::vector<LoadKind> load_kinds(const Site& site) {
    return {{find_load("open+close, one file"), Act::kOpen, site.file()},
            {find_load("open, ENOENT"), Act::kOpen, site.missing()},
            {find_load("connect UDP"), Act::kConnect, {}},
            {find_load("connect+close TCP"), Act::kConnect, {}},
            {find_load("fork+exec+exit"), Act::kExec, {}},
            {find_load("getppid"), Act::kNone, {}}};
}

constexpr const char* kBpftraceProgram = R"(
tracepoint:syscalls:sys_enter_openat { @path[tid] = args->filename; }
tracepoint:syscalls:sys_exit_openat /@path[tid]/ {
    printf("open %d %d %s %d %s\n", pid, uid, comm, args->ret, str(@path[tid]));
    delete(@path[tid]);
}
tracepoint:syscalls:sys_exit_connect { printf("connect %d %d %s %d\n", pid, uid, comm, args->ret); }
tracepoint:syscalls:sys_enter_execve { printf("exec %d %d %s %s\n", pid, uid, comm, str(args->filename)); })";

/// The program of that name, where it is installed.
std::function<StartedTool(const Site&)> installed(const std::string& name,
                                                  std::vector<std::string> arguments) {
    return [=](const Site& site) -> StartedTool {
        std::vector<std::string> argv = {find_program(name)};
        if (argv[0].empty()) return Error{"not installed", ENOENT};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return start_bpf_tool(site, argv);
    };
}

std::vector<ToolKind> tool_kinds(const DaemonOptions& daemon, const PeerOptions& options) {
    const auto whodid = every_event_arguments(daemon);
    const auto event = [](const char* kind) { return fmt::format(R"("name":"whodid.{}")", kind); };
    const std::string audit = fmt::format("key=\"{}\"", kAuditKey);
    const Words opened = {"{path}"}, ran = {"{program}"};
    return {{"whodid",
             {{event("file.open"), R"("pid":{pid},)"},
              {event("network.connect"), R"("pid":{pid},)"},
              {event("process.exec"), R"("parent_pid":{pid},)"}},
             [=](const Site& site) { return start_sensor(site, whodid); }},
            {"bpftrace",
             {{"open {pid} ", "{path}"}, {"connect {pid} "}, {"exec ", "{program}"}},
             installed("bpftrace", {"-e", kBpftraceProgram})},
            {"opensnoop", {opened, {}, {}}, installed("opensnoop", {})},
            {"execsnoop", {{}, {}, ran}, installed("execsnoop", {})},
            {"opensnoop-bpfcc", {opened, {}, {}}, installed("opensnoop-bpfcc", {})},
            {"execsnoop-bpfcc", {{}, {}, ran}, installed("execsnoop-bpfcc", {})},
            // Last: what audit does to the tasks that are started while it is on cannot be undone.
            {"auditd",
             {{"type=SYSCALL", " pid={pid} ", audit},
              {"type=SYSCALL", " pid={pid} ", audit},
              {"type=SYSCALL", "exe=\"{program}\"", audit}},
             [=](const Site& site) { return start_auditd(site, options.audit); }}};
}

struct Wanted {
    Words words;
    std::uint64_t lines = 0;
};

Result<void> count_lines(const Fd& file, std::vector<Wanted>& wanted) {
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return Error::from_errno("cannot read a peer's output");
    const std::unique_ptr<FILE, decltype(&::fclose)> lines(::fdopen(::dup(file.get()), "r"), ::fclose);
    if (!lines) return Error::from_errno("cannot read a peer's output");
    char* text = nullptr;
    std::size_t room = 0;
    for (ssize_t n = 0; (n = ::getline(&text, &room, lines.get())) > 0;) {
        const std::string_view line(text, static_cast<std::size_t>(n));
        const auto found =
            std::ranges::find_if(wanted, [&](const Wanted& w) { return has_all(line, w.words); });
        if (found != wanted.end()) ++found->lines;
    }
    std::free(text);
    return {};
}

class PairOfPhases {
public:
    PairOfPhases(const Site& site, const Effort& effort) : site_(site), divisor_(effort.divisor) {}

    /// A tool that cannot be started says so in `peer`; an Error ends the benchmark.
    Result<void> run(const ToolKind& kind, Peer& peer) {
        const auto kinds = load_kinds(site_);
        const auto off = phase(kinds);
        if (!off) return off.error();
        auto started = kind.start(site_);
        if (!started) {
            if (started.error().code == EINTR) return started.error();
            peer.not_run = started.error().message;
            return {};
        }
        Tool& tool = **started;
        const double cpu_before = tool.cpu_s();
        const auto on = phase(kinds);
        if (!on) return on.error();
        (void)wait_until_quiet(tool.pid(), kDrainS);
        const double cpu_s = tool.cpu_s() - cpu_before;
        const auto resident = number_after(proc_file(tool.pid(), "status"), "VmRSS:");
        peer.resident = std::max(peer.resident, resident.value_or(0));
        if (auto stopped = tool.stop(); !stopped) return stopped;
        return take(kind, kinds, *off, *on, tool.lines(), cpu_s, peer);
    }

private:
    Result<std::vector<LoadRun>> phase(const std::vector<LoadKind>& kinds) const {
        std::vector<LoadRun> runs;
        for (const LoadKind& kind : kinds) {
            const auto run = run_load(kind.load, site_, operations(kind));
            if (!run) return run.error();
            runs.push_back(*run);
        }
        return runs;
    }
    unsigned operations(const LoadKind& kind) const { return std::max(1u, kind.load.operations / divisor_); }

    Wanted wanted(const Marks& marks, const LoadKind& kind, pid_t pid) const {
        const std::pair<std::string, std::string> values[] = {
            {"{pid}", std::to_string(pid)}, {"{path}", kind.path}, {"{program}", site_.program()}};
        Wanted wanted;
        for (const std::string& word : marks.of(kind.act)) wanted.words.push_back(fill(word, values));
        if (wanted.words.empty()) wanted.words.emplace_back("\n\n");  // in no line
        return wanted;
    }

    Result<void> take(const ToolKind& kind, const std::vector<LoadKind>& kinds,
                      const std::vector<LoadRun>& off, const std::vector<LoadRun>& on, const Fd& lines,
                      double cpu_s, Peer& peer) const {
        std::vector<Wanted> all;
        for (std::size_t i = 0; i < kinds.size(); ++i) all.push_back(wanted(kind.marks, kinds[i], on[i].pid));
        if (auto counted = count_lines(lines, all); !counted) return counted;
        std::uint64_t told = 0;
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            PeerLoad& load = peer.loads[i];
            load.cpu.add(off[i].cost.cpu_ns, on[i].cost.cpu_ns);
            load.wall.add(off[i].cost.wall_ns, on[i].cost.wall_ns);
            load.acts += operations(kinds[i]);
            load.lines += all[i].lines;
            told += all[i].lines;
        }
        if (told) peer.cpu_s_per_million.push_back(cpu_s * 1e6 / static_cast<double>(told));
        return {};
    }

    const Site& site_;
    unsigned divisor_;
};

}  // namespace

Result<std::vector<Peer>> measure_peers(const Site& site, const DaemonOptions& daemon, const Effort& effort,
                                        const PeerOptions& options) {
    auto kinds = tool_kinds(daemon, options);
    if (!options.only.empty())
        std::erase_if(kinds, [&](const ToolKind& kind) {
            return std::ranges::find(options.only, kind.name) == options.only.end();
        });
    std::vector<Peer> peers;
    for (const ToolKind& kind : kinds) {
        Peer peer;
        peer.name = kind.name;
        for (const LoadKind& load : load_kinds(site))
            peer.loads.push_back(
                {std::string(load.load.name), {}, {}, !kind.marks.of(load.act).empty(), 0, 0});
        peers.push_back(std::move(peer));
    }
    PairOfPhases phases(site, effort);
    const auto is_audit = [](const ToolKind& kind) { return kind.name == "auditd"; };
    for (const bool audit : {false, true})
        for (unsigned pair = 0; pair < effort.pairs; ++pair)
            for (std::size_t i = 0; i < kinds.size(); ++i)
                if (is_audit(kinds[i]) == audit && peers[i].not_run.empty())
                    if (auto done = phases.run(kinds[i], peers[i]); !done) return done.error();
    return peers;
}

}  // namespace whodid::bench
