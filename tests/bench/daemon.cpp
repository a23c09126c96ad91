// SPDX-License-Identifier: Apache-2.0
// Floods, and what the sensor makes of them.
#include "daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace whodid::bench {

namespace {

constexpr double kDrainLimitS = 120;

Fd open_null() { return Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)); }

std::uint64_t size_of(const Fd& file) {
    struct stat status {};
    return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)
               ? static_cast<std::uint64_t>(status.st_size)
               : 0;
}

/// A flood under a running sensor, until that has dealt with it.
Result<DaemonRun> flood(const Site& site, const DaemonOptions& options, const std::vector<std::string>& argv,
                        const Fd& out) {
    DaemonRun run;
    auto started = Sensor::start(argv, out);
    if (!started) return started.error();
    Sensor& sensor = **started;
    run.memory_start = sensor.memory();
    const CpuTime before = sensor.cpu();
    const double start = monotonic_s();
    const auto generated = run_flood(site, options.processes, options.seconds);
    if (!generated) return generated.error();
    const auto quiet = sensor.wait_until_quiet(kDrainLimitS);
    if (!quiet) return quiet.error();
    run.flood = *generated;
    run.seconds = std::max(*quiet - start, generated->seconds);
    run.cpu = sensor.cpu() - before;
    run.memory_end = sensor.memory();
    const auto ended = sensor.stop();
    if (!ended) return ended.error();
    const auto ledger = parse_ledger(ended->said);
    if (ledger)
        run.ledger = *ledger;
    else
        run.skipped = "it printed no ledger: " + last_line(ended->said);
    run.output_bytes = size_of(out);
    return run;
}

DaemonRun skipped(std::string name, std::string why) {
    DaemonRun run;
    run.name = std::move(name);
    run.skipped = std::move(why);
    return run;
}

}  // namespace

std::vector<std::string> trace_arguments(const DaemonOptions& options) {
    std::vector<std::string> argv = {options.program, "trace", "-a", "-o", "json", "--ledger", "json"};
    argv.insert(argv.end(), options.extra.begin(), options.extra.end());
    return argv;
}

Result<DaemonRun> measure_live(const Site& site, const DaemonOptions& options, bool to_file) {
    auto out = to_file ? site.scratch() : Result<Fd>(open_null());
    if (!out) return out.error();
    auto argv = trace_arguments(options);
    // A flood of alike opens is what folding is for; here every one is wanted.
    if (help_has({options.program, "trace"}, "--every-event")) argv.push_back("--every-event");
    auto run = flood(site, options, argv, *out);
    if (run) run->name = to_file ? "live, JSON to a file" : "live, JSON to /dev/null";
    return run;
}

Result<DaemonRun> measure_replay(const Site& site, const DaemonOptions& options) {
    const std::string name = "replay, JSON to /dev/null";
    for (const char* command : {"record", "replay"})
        if (!help_has({options.program}, fmt::format("\n  {} ", command)))
            return skipped(name, fmt::format("this whodid has no `{}`", command));
    const std::string recording = site.directory() + "/recording";
    const Fd null = open_null();
    auto recorded = flood(site, options, {options.program, "record", recording}, null);
    if (!recorded) return skipped(name, "cannot record: " + recorded.error().message);
    const auto ended =
        run_to_end({options.program, "replay", "-a", "-o", "json", "--ledger", "json", recording}, null);
    ::unlink(recording.c_str());
    if (!ended) return ended.error();
    const auto ledger = parse_ledger(ended->said);
    if (!ledger || !WIFEXITED(ended->status) || WEXITSTATUS(ended->status) != 0)
        return skipped(name, "cannot replay: " + last_line(ended->said));
    DaemonRun run;
    run.name = name;
    run.ledger = *ledger;
    run.cpu = ended->cpu;
    run.seconds = ended->seconds;
    return run;
}

}  // namespace whodid::bench
