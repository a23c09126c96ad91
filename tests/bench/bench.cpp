// SPDX-License-Identifier: Apache-2.0
// What `make bench` runs: what the sensor costs on this machine. Asserts nothing about time.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "child.h"
#include "overhead.h"

namespace whodid::bench {
namespace {

const std::vector<std::string> kSections = {"loads",   "attach", "flood", "peers", "work", "memory",
                                            "filters", "fold",   "floor", "idle",  "seals"};

struct Options {
    Effort effort;
    DaemonOptions daemon;
    PeerOptions peers;
    std::string nothing, json_path, command;
    std::vector<std::string> only;  // sections; none: all
    double idle_seconds = 20;
    bool quick = false;

    bool wants(std::string_view section) const {
        return only.empty() || std::ranges::find(only, section) != only.end();
    }
    /// Fewer pairs than that have no interval.
    Effort work_effort() const {
        Effort enough = effort;
        if (!quick) enough.pairs = std::max(enough.pairs, 6u);
        return enough;
    }
};

void say(std::string_view what) { fmt::print(stderr, "bench: {} ...\n", what); }

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = SA_RESTART;
    for (const int s : {SIGINT, SIGTERM}) ::sigaction(s, &action, nullptr);
}

template <class T>
Result<void> keep(Result<T> result, T& place) {
    if (!result) return result.error();
    place = std::move(*result);
    return {};
}

Result<void> measure_daemon(const Site& site, const Options& options, Report& report) {
    for (const bool to_file : {false, true}) {
        say(to_file ? "flood, output to a file" : "flood, output to /dev/null");
        auto run = measure_live(site, options.daemon, to_file);
        if (!run) return run.error();
        report.daemon.push_back(std::move(*run));
    }
    say("a long flood");
    auto service = measure_service(site, options.daemon);
    if (!service) return service.error();
    report.daemon.push_back(std::move(*service));
    say("replay");
    auto run = measure_replay(site, options.daemon);
    if (!run) return run.error();
    report.daemon.push_back(std::move(*run));
    return {};
}

Result<void> measure_loads(const Site& site, const Options& options, Report& report) {
    say(fmt::format("{} pairs of loads without and with the sensor", options.effort.pairs));
    if (auto done = measure_overhead(site, options.daemon, options.effort, report); !done) return done;
    say("events of the loads");
    return measure_lines(site, options.daemon, options.effort, report);
}

Result<void> measure_attach(const Site& site, const Options& options, Report& report) {
    say("ways to attach");
    return keep(measure_attach_types(site, options.effort.pairs, options.effort.divisor,
                                     std::min(options.effort.rounds, 3u)),
                report.attach_types);
}

Result<void> measure_others(const Site& site, const Options& options, Report& report) {
    say("peers, each without and with it");
    return keep(measure_peers(site, options.daemon, options.effort, options.peers), report.peers);
}

Result<void> measure_programs(const Site& site, const Options& options, Report& report) {
    say("a build, a search, a repository");
    return keep(measure_work(site, options.daemon, options.work_effort()), report.working);
}

Result<void> measure_memories(const Site& site, const Options& options, Report& report) {
    say("memory");
    return keep(measure_memory(site, options.daemon, options.effort), report.memories);
}

Result<void> measure_filter(const Site& site, const Options& options, Report& report) {
    say("filters");
    return keep(measure_filters(site, options.daemon, options.effort), report.filters);
}

Result<void> measure_folding(const Site& site, const Options& options, Report& report) {
    say("acts that are folded or dropped");
    return keep(measure_fold(site, options.daemon, options.effort), report.fold);
}

Result<void> measure_records(const Site& site, const Options& options, Report& report) {
    say("full records");
    return keep(measure_floor(site, options.daemon, options.effort), report.floor);
}

Result<void> measure_nothing(const Site& site, const Options& options, Report& report) {
    say("nothing");
    return keep(measure_idle(site, options.daemon, options.idle_seconds), report.idle);
}

Result<void> measure_sealing(const Site& site, const Options& options, Report& report) {
    say("seals");
    return keep(measure_seals(site, options.effort), report.seals);
}

/// The peers come last: one of them may leave its mark (see docs/bench.md).
constexpr std::pair<const char*, Result<void> (*)(const Site&, const Options&, Report&)> kMeasures[] = {
    {"loads", measure_loads},   {"attach", measure_attach},   {"fold", measure_folding},
    {"floor", measure_records}, {"idle", measure_nothing},    {"flood", measure_daemon},
    {"work", measure_programs}, {"memory", measure_memories}, {"filters", measure_filter},
    {"seals", measure_sealing}, {"peers", measure_others},
};

Result<Report> measure(const Options& options) {
    const double start = monotonic_s();
    Report report;
    report.machine = describe_machine();
    report.quick = options.quick;
    report.pairs = options.effort.pairs;
    report.benchmark = options.command;
    report.command = fmt::format("{}", fmt::join(trace_arguments(options.daemon), " "));
    const auto site = Site::make(options.nothing);
    if (!site) return site.error();
    for (const auto& [section, measure_section] : kMeasures) {
        if (!options.wants(section)) continue;
        report.busiest = std::max(report.busiest, busy_share(kLookS));
        if (auto done = measure_section(*site, options, report); !done) return done.error();
    }
    report.seconds = monotonic_s() - start;
    return report;
}

Result<void> write_report(const Report& report, const std::string& json_path) {
    const std::string json = to_json(report);
    if (json_path == "-") {
        fmt::print("{}", json);
        return {};
    }
    print_table(report, stdout);
    if (json_path.empty()) return {};
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(json_path.c_str(), "w"),
                                                                  std::fclose);
    if (!file || std::fputs(json.c_str(), file.get()) < 0)
        return Error::from_errno("cannot write " + json_path);
    return {};
}

int fail(const Error& error) {
    fmt::print(stderr, "bench: {}\n", error.message);
    return 1;
}

int run(const Options& options) {
    if (::geteuid() != 0) return fail({"needs root, as the sensor does", EPERM});
    catch_signals();
    const auto report = measure(options);
    if (!report) return fail(report.error());
    const auto written = write_report(*report, options.json_path);
    return written ? 0 : fail(written.error());
}

}  // namespace
}  // namespace whodid::bench

int main(int argc, char** argv) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    const fs::path here = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    whodid::bench::Options options;
    options.daemon.program = (here.parent_path() / "whodid").string();
    options.nothing = (here / "nothing").string();
    CLI::App app("What whodid costs on this machine");
    const auto* pairs = app.add_option("--pairs", options.effort.pairs, "Runs without and with the sensor")
                            ->envname("BENCH_PAIRS")
                            ->check(CLI::Range(1, 1000));
    app.add_option("--seconds", options.daemon.seconds, "Length of each flood")
        ->check(CLI::Range(0.1, 600.0));
    app.add_option("--long-seconds", options.daemon.long_seconds, "Length of the service's flood")
        ->check(CLI::Range(0.1, 3600.0));
    app.add_flag("--quick", options.quick, "One pair of short runs: shows that it works");
    app.add_option("--json", options.json_path, "Also write JSON to this file; - is standard output, alone");
    app.add_option("--whodid", options.daemon.program, "The program to measure")->check(CLI::ExistingFile);
    app.add_option("--arg", options.daemon.extra,
                   "A further argument to whodid trace, each with its own --arg")
        ->allow_extra_args(false);
    app.add_option("--only", options.only, "This section alone; may be given more than once")
        ->check(CLI::IsMember(whodid::bench::kSections))
        ->allow_extra_args(false);
    app.add_option("--peer", options.peers.only, "This peer alone; may be given more than once")
        ->check(CLI::IsMember(whodid::bench::kPeers))
        ->allow_extra_args(false);
    app.add_flag(
        "--audit", options.peers.audit,
        "Switch audit on for auditd's figures: the host's system calls are slower from then until it boots");
    CLI11_PARSE(app, argc, argv);
    options.command = fmt::format("bench {}", fmt::join(argv + 1, argv + argc, " "));
    if (options.quick) {
        if (pairs->count() == 0) options.effort.pairs = 1;
        options.effort.rounds = 1;
        options.effort.divisor = 4;
        options.daemon.seconds = std::min(options.daemon.seconds, 1.0);
        options.daemon.long_seconds = std::min(options.daemon.long_seconds, 3.0);
        options.idle_seconds = 5;
    }
    // When a sensor is gone, so are its hooks; but for --quick, which would wait most of its time for that.
    ::setenv("WHODID_DETACH", options.quick ? "behind" : "wait", 1);
    return whodid::bench::run(options);
}
