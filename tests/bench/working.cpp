// SPDX-License-Identifier: Apache-2.0
// Pairs of works.
#include "working.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "lines.h"
#include "loads.h"
#include "sensor.h"
#include "work.h"

namespace whodid::bench {

namespace {

constexpr double kQuietLimitS = 120;

struct Half {
    std::vector<Cost> works;
    std::vector<double> sensor_cpu_s;
    double open_ns = 0;
};

double total_s(const CpuTime& cpu) { return cpu.user_s + cpu.system_s; }

Result<Half> run_half(const Site& site, const std::vector<Work>& works, const Effort& effort,
                      const Sensor* sensor) {
    Half half;
    for (const Work& work : works) {
        const double before = sensor ? total_s(sensor->cpu()) : 0;
        const auto cost = work.missing.empty() ? run_work(work) : Result<Cost>(Cost{});
        if (!cost) return cost.error();
        if (sensor)
            if (auto quiet = sensor->wait_until_quiet(kQuietLimitS); !quiet) return quiet.error();
        half.works.push_back(*cost);
        half.sensor_cpu_s.push_back(sensor ? (total_s(sensor->cpu()) - before) / work.times : 0);
    }
    const Load* open[] = {&find_load("open+close, one file")};
    const auto opened = run_phase(open, site, effort.divisor, std::min(effort.rounds, 3u));
    if (!opened) return opened.error();
    half.open_ns = (*opened)[0].cpu_ns;
    return half;
}

Result<void> count_events(const Site& site, const DaemonOptions& daemon, const std::vector<Work>& works,
                          Working& working) {
    auto lines = site.scratch();
    if (!lines) return lines.error();
    auto sensor = Sensor::start(trace_arguments(daemon), *lines);
    if (!sensor) return sensor.error();
    off_t at = 0;
    for (std::size_t i = 0; i < works.size(); ++i) {
        if (!works[i].missing.empty()) continue;
        new_lines(*lines, at);
        if (auto cost = run_work(works[i]); !cost) return cost.error();
        if (auto quiet = (*sensor)->wait_until_quiet(kQuietLimitS); !quiet) return quiet.error();
        working.works[i].events = static_cast<double>(new_lines(*lines, at)) / works[i].times;
    }
    const auto ended = (*sensor)->stop();
    return ended ? Result<void>() : Result<void>(ended.error());
}

void take(const Half& off, const Half& on, Working& working) {
    for (std::size_t i = 0; i < working.works.size(); ++i) {
        WorkFigures& figures = working.works[i];
        if (!figures.not_run.empty()) continue;
        figures.cpu.add(off.works[i].cpu_ns / 1e9, on.works[i].cpu_ns / 1e9);
        figures.wall.add(off.works[i].wall_ns / 1e9, on.works[i].wall_ns / 1e9);
        figures.sensor_cpu_s.push_back(on.sensor_cpu_s[i]);
    }
    working.open.add(off.open_ns, on.open_ns);
}

}  // namespace

Result<Working> measure_work(const Site& site, const DaemonOptions& daemon, const Effort& effort) {
    const auto works = make_works(site, effort.divisor);
    if (!works) return works.error();
    Working working;
    for (const Work& work : *works) {
        WorkFigures figures;
        figures.name = work.name;
        if (!work.missing.empty()) figures.not_run = work.missing + " is not installed";
        working.works.push_back(std::move(figures));
    }
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (auto warm = run_half(site, *works, effort, nullptr); !warm) return warm.error();
    for (unsigned pair = 0; pair < effort.pairs; ++pair) {
        const auto off = run_half(site, *works, effort, nullptr);
        if (!off) return off.error();
        auto sensor = Sensor::start(trace_arguments(daemon), null);
        if (!sensor) return sensor.error();
        const auto on = run_half(site, *works, effort, sensor->get());
        if (!on) return on.error();
        if (auto ended = (*sensor)->stop(); !ended) return ended.error();
        take(*off, *on, working);
    }
    if (auto counted = count_events(site, daemon, *works, working); !counted) return counted.error();
    return working;
}

}  // namespace whodid::bench
