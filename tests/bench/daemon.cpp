// SPDX-License-Identifier: Apache-2.0
// Floods, and what the sensor makes of them.
#include "daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

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

struct FloodPlan {
    unsigned processes;
    double seconds;
    bool pinned = false;
};
FloodPlan short_flood(const DaemonOptions& options) { return {options.processes, options.seconds}; }

/// A flood under a running sensor, until that has dealt with it.
Result<DaemonRun> flood(const Site& site, const FloodPlan& plan, const std::vector<std::string>& argv,
                        const Fd& out) {
    DaemonRun run;
    auto started = Sensor::start(argv, out);
    if (!started) return started.error();
    Sensor& sensor = **started;
    run.memory_start = sensor.memory();
    const CpuTime before = sensor.cpu();
    const double start = monotonic_s();
    const auto generated = run_flood(site, plan.processes, plan.seconds, plan.pinned);
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

// What a long flood makes is some ten GiB: it is given back to the disk while the file grows, so that neither
// the disk's room nor its speed decides what is sustained. The file keeps its length.
constexpr off_t kKept = 64 << 20, kPage = 4096;
constexpr std::uint64_t kMostBehind = 2ull << 30, kMostPerSecond = 300'000'000;
constexpr unsigned kFreeEveryUs = 100'000;
constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

bool can_free(const Fd& file) { return ::fallocate(file.get(), kPunch, 0, kPage) == 0; }

std::uint64_t free_bytes(const Fd& file) {
    struct statvfs room {};
    return ::fstatvfs(file.get(), &room) == 0 ? std::uint64_t{room.f_bavail} * room.f_frsize : 0;
}

/// Until it is gone.
Result<Child<int>> keep_freeing(const Fd& file) {
    return Child<int>::start([&file](int&) {
        for (off_t freed = 0;; ::usleep(kFreeEveryUs)) {
            const off_t end = (static_cast<off_t>(size_of(file)) - kKept) / kPage * kPage;
            if (end <= freed) continue;
            if (::fallocate(file.get(), kPunch, freed, end - freed) != 0) return errno;
            freed = end;
        }
    });
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

std::vector<std::string> every_event_arguments(const DaemonOptions& options) {
    auto argv = trace_arguments(options);
    if (help_has({options.program, "trace"}, "--every-event")) argv.push_back("--every-event");
    if (help_has({options.program, "trace"}, "--standalone")) argv.push_back("--standalone");
    return argv;
}

std::vector<std::string> run_arguments(const DaemonOptions& options) {
    return {options.program, "run", "--ledger", "json"};
}

Result<DaemonRun> measure_live(const Site& site, const DaemonOptions& options, bool to_file) {
    auto out = to_file ? site.scratch() : Result<Fd>(open_null());
    if (!out) return out.error();
    // A flood of alike opens is what folding is for; here every one is wanted.
    auto run = flood(site, short_flood(options), every_event_arguments(options), *out);
    if (run) run->name = to_file ? "live, JSON to a file" : "live, JSON to /dev/null";
    return run;
}

Result<DaemonRun> measure_service(const Site& site, const DaemonOptions& options) {
    const std::string name = "run, JSON to a file";
    if (!help_has({options.program, "run"}, "--profile"))
        return skipped(name, "this whodid has no `run --profile`");
    auto out = site.scratch();
    if (!out) return out.error();
    const std::uint64_t needed =
        can_free(*out) ? kMostBehind : static_cast<std::uint64_t>(options.long_seconds * kMostPerSecond);
    if (const std::uint64_t room = free_bytes(*out); room < needed)
        return skipped(name, fmt::format("{} MiB are free in {}, and it may need {}", room >> 20,
                                         site.directory(), needed >> 20));
    const auto freeing = keep_freeing(*out);
    if (!freeing) return freeing.error();
    auto argv = run_arguments(options);
    argv.insert(argv.end(),
                {"--every-event", "--profile", "forensic", "--for", "1h", "--reason", "benchmark"});
    auto run = flood(site, {options.processes, options.long_seconds, true}, argv, *out);
    if (run) run->name = name;
    return run;
}

Result<DaemonRun> measure_replay(const Site& site, const DaemonOptions& options) {
    const std::string name = "replay, JSON to /dev/null";
    for (const char* command : {"record", "replay"})
        if (!help_has({options.program}, fmt::format("\n  {} ", command)))
            return skipped(name, fmt::format("this whodid has no `{}`", command));
    const std::string recording = site.directory() + "/recording";
    const Fd null = open_null();
    auto recorded = flood(site, short_flood(options), {options.program, "record", recording}, null);
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
