// SPDX-License-Identifier: Apache-2.0
// Pairs of phases.
#include "overhead.h"

#include <fcntl.h>

#include <algorithm>

#include "loads.h"
#include "sensor.h"

namespace whodid::bench {

namespace {

constexpr double kQuietLimitS = 60;

std::vector<const Load*> all_loads() {
    std::vector<const Load*> all;
    for (const Load& load : loads()) all.push_back(&load);
    return all;
}

}  // namespace

Result<void> measure_overhead(const Site& site, const DaemonOptions& daemon, const Effort& effort,
                              Report& report) {
    const std::vector<const Load*> all = all_loads();
    for (const Load* load : all) report.loads.push_back({std::string(load->name), {}, {}, {}});
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (auto warm = run_phase(all, site, effort.divisor * 10, 1); !warm) return warm.error();
    for (unsigned pair = 0; pair < effort.pairs; ++pair) {
        report.busiest = std::max(report.busiest, busy_share(kLookS));
        const auto off = run_phase(all, site, effort.divisor, effort.rounds);
        if (!off) return off.error();
        auto sensor = Sensor::start(trace_arguments(daemon), null);
        if (!sensor) return sensor.error();
        const auto on = run_phase(all, site, effort.divisor, effort.rounds);
        if (!on) return on.error();
        report.start_s.push_back((*sensor)->start_seconds());
        const auto ended = (*sensor)->stop();
        if (!ended) return ended.error();
        report.stop_s.push_back(ended->seconds);
        for (std::size_t i = 0; i < all.size(); ++i) {
            report.loads[i].cpu.add((*off)[i].cpu_ns, (*on)[i].cpu_ns);
            report.loads[i].wall.add((*off)[i].wall_ns, (*on)[i].wall_ns);
        }
    }
    return {};
}

Result<void> measure_lines(const Site& site, const DaemonOptions& daemon, const Effort& effort,
                           Report& report) {
    auto lines = site.scratch();
    if (!lines) return lines.error();
    auto sensor = Sensor::start(trace_arguments(daemon), *lines);
    if (!sensor) return sensor.error();
    std::vector<std::pair<pid_t, unsigned>> runs;
    for (const Load& load : loads()) {
        const unsigned operations = std::max(1u, load.operations / (10 * effort.divisor));
        const auto run = run_load(load, site, operations);
        if (!run) return run.error();
        runs.emplace_back(run->pid, operations);
    }
    if (auto quiet = (*sensor)->wait_until_quiet(kQuietLimitS); !quiet) return quiet.error();
    if (auto ended = (*sensor)->stop(); !ended) return ended.error();
    auto census = take_census(*lines);
    if (!census) return census.error();
    report.census = std::move(*census);
    for (std::size_t i = 0; i < runs.size() && i < report.loads.size(); ++i)
        report.loads[i].events = static_cast<double>(report.census.lines_of[runs[i].first]) / runs[i].second;
    return {};
}

}  // namespace whodid::bench
