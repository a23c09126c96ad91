// SPDX-License-Identifier: Apache-2.0
// Filters that keep everything, the long way.
#include "filters.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loads.h"
#include "sensor.h"

namespace whodid::bench {

namespace {

constexpr double kFloodS = 1, kQuietLimitS = 120;

std::string path_number(unsigned i) { return fmt::format("\"/srv/none/file-{:04}\"", i); }

/// Met by every event: none has such a path.
std::string set_of(unsigned terms) {
    std::vector<std::string> paths;
    for (unsigned i = 0; i < terms; ++i) paths.push_back(path_number(i));
    return fmt::format("not path in {{{}}}", fmt::join(paths, ", "));
}

std::string chain_of(unsigned terms) {
    std::vector<std::string> comparisons;
    for (unsigned i = 0; i < terms; ++i) comparisons.push_back("path startswith " + path_number(i));
    return fmt::format("not ({})", fmt::join(comparisons, " or "));
}

struct Replayed {
    double cpu_s = 0;
    std::uint64_t written = 0;
};

Result<Replayed> replay(const DaemonOptions& daemon, const std::string& recording,
                        const std::string& filter) {
    std::vector<std::string> argv = {daemon.program, "replay", "-a", "-o", "json", "--ledger", "json"};
    if (!filter.empty()) argv.insert(argv.end(), {"--filter", filter});
    argv.push_back(recording);
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const auto ended = run_to_end(argv, null);
    if (!ended) return ended.error();
    const auto ledger = parse_ledger(ended->said);
    if (!ledger || !WIFEXITED(ended->status) || WEXITSTATUS(ended->status) != 0)
        return Error{"cannot replay: " + last_line(ended->said), EPROTO};
    return Replayed{ended->cpu.user_s + ended->cpu.system_s, ledger->written};
}

/// Opens of the site's files, recorded.
Result<void> record_opens(const Site& site, const DaemonOptions& daemon, double seconds,
                          const std::string& path) {
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    auto sensor = Sensor::start({daemon.program, "record", path}, null);
    if (!sensor) return sensor.error();
    if (auto flood = run_flood(site, 1, seconds); !flood) return flood.error();
    if (auto quiet = (*sensor)->wait_until_quiet(kQuietLimitS); !quiet) return quiet.error();
    const auto ended = (*sensor)->stop();
    return ended ? Result<void>() : Result<void>(ended.error());
}

Result<void> measure_row(const DaemonOptions& daemon, const std::string& recording, Filters& filters,
                         FilterRow& row) {
    const auto off = replay(daemon, recording, {});
    if (!off) return off.error();
    const auto on = replay(daemon, recording, row.form == "set" ? set_of(row.terms) : chain_of(row.terms));
    if (!on) return on.error();
    if (on->written != off->written)
        return Error{fmt::format("a filter that keeps everything kept {} of {}", on->written, off->written),
                     EPROTO};
    filters.events = off->written;
    row.cpu.add(off->cpu_s, on->cpu_s);
    return {};
}

}  // namespace

Result<Filters> measure_filters(const Site& site, const DaemonOptions& daemon, const Effort& effort) {
    Filters filters;
    const std::string recording = site.directory() + "/opens";
    if (auto done = record_opens(site, daemon, effort.divisor > 1 ? kFloodS / 2 : kFloodS, recording);
        !done) {
        if (done.error().code == EINTR) return done.error();
        filters.not_run = "cannot record: " + done.error().message;
        return filters;
    }
    for (const char* form : {"set", "chain"})
        for (const unsigned terms : {1u, 10u, 100u, 1000u}) filters.rows.push_back({form, terms, {}});
    for (unsigned pair = 0; pair < effort.pairs; ++pair)
        for (FilterRow& row : filters.rows)
            if (auto done = measure_row(daemon, recording, filters, row); !done) return done.error();
    ::unlink(recording.c_str());
    return filters;
}

}  // namespace whodid::bench
