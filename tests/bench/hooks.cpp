// SPDX-License-Identifier: Apache-2.0
// Turns of phases: without, with, for each row after the other.
#include "hooks.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <utility>

#include "attach.skel.h"
#include "bare.skel.h"
#include "child.h"
#include "links.h"
#include "loads.h"
#include "source/probe.h"

namespace whodid::bench {

namespace {

using Empty = std::unique_ptr<attach_bpf, decltype(&attach_bpf__destroy)>;
using Bare = std::unique_ptr<bare_bpf, decltype(&bare_bpf__destroy)>;
using Loads = std::vector<const Load*>;
using Phase = std::vector<Cost>;

constexpr unsigned kReadEveryUs = 10'000;  // as the sensor reads its rings

/// Runs the loads below a row's programs or sensor. An Error ends the benchmark; what cannot be here says so
/// in the row.
using Half = std::function<Result<Phase>(HookRow&)>;

class Measure {
public:
    Measure(const Site& site, const Effort& effort, Loads loads)
        : site_(site), effort_(effort), loads_(std::move(loads)) {
        for (const Load* load : loads_) hooks_.loads.emplace_back(load->name);
    }

    const Site& site() const { return site_; }
    Result<Phase> phase() const { return run_phase(loads_, site_, effort_.divisor, effort_.rounds); }

    void add(std::string name, std::string measure, Half half) {
        HookRow row;
        row.name = std::move(name);
        row.measure = std::move(measure);
        row.loads.resize(loads_.size());
        hooks_.rows.push_back(std::move(row));
        halves_.push_back(std::move(half));
    }

    Result<Hooks> run() {
        if (auto warm = run_phase(loads_, site_, effort_.divisor * 10, 1); !warm) return warm.error();
        for (unsigned pair = 0; pair < effort_.pairs; ++pair)
            for (std::size_t i = 0; i < halves_.size(); ++i)
                if (auto done = turn(halves_[i], hooks_.rows[i]); !done) return done.error();
        return std::move(hooks_);
    }

private:
    Result<void> turn(const Half& half, HookRow& row) const {
        if (!row.not_run.empty()) return {};
        const auto off = phase();
        if (!off) return off.error();
        const auto on = half(row);
        if (!on) return on.error();
        if (!row.not_run.empty()) return {};
        for (std::size_t i = 0; i < loads_.size(); ++i) row.loads[i].add((*off)[i].cpu_ns, (*on)[i].cpu_ns);
        return {};
    }

    const Site& site_;
    const Effort effort_;
    const Loads loads_;
    Hooks hooks_;
    std::vector<Half> halves_;
};

Result<Phase> below_programs(const Measure& measure, const std::vector<Way>& ways, HookRow& row) {
    Links links;
    for (const Way& way : ways) {
        row.not_run = links.attach(way);
        if (!row.not_run.empty()) return Phase{};
    }
    return measure.phase();
}

/// Its ring is read meanwhile, as the sensor's are: a full one would be the cheaper.
Result<Phase> below_bare(const Measure& measure, const Bare& bare, const std::vector<Way>& ways,
                         HookRow& row) {
    const auto reader = Child<int>::start([&](int&) {
        auto* ring = ring_buffer__new(
            bpf_map__fd(bare->maps.ring), [](void*, void*, size_t) { return 0; }, nullptr, nullptr);
        if (!ring) return errno;
        for (;; ::usleep(kReadEveryUs)) ring_buffer__consume(ring);
    });
    if (!reader) return reader.error();
    auto phase = below_programs(measure, ways, row);
    if (bare->bss->lost) row.not_run = fmt::format("its ring was full for {} acts", bare->bss->lost);
    if (!bare->bss->told) row.not_run = "it told nothing";
    return phase;
}

Result<Phase> below_sensor(const Measure& measure, const std::vector<std::string>& argv, const Fd& out,
                           HookRow& row) {
    auto sensor = Sensor::start(argv, out);
    if (!sensor) return sensor.error();
    auto phase = measure.phase();
    if (!phase) return phase.error();
    const auto ended = (*sensor)->stop();
    if (!ended) return ended.error();
    row.ledger = parse_ledger(ended->said).value_or(LedgerSums{});
    return phase;
}

/// Where the benchmark's programs are.
std::vector<std::string> with_tracepoints(const DaemonOptions& daemon, std::vector<std::string> argv) {
    if (help_has({daemon.program, argv[1]}, "--backend"))
        argv.insert(argv.end(), {"--backend", "tracepoint"});
    return argv;
}

void add_empty(Measure& measure, const Empty& empty, std::vector<std::string> places) {
    measure.add("empty program", "empty", [&measure, &empty, places](HookRow& row) {
        return below_programs(measure, {{empty->progs.on_tracepoint, places}}, row);
    });
}

/// The service writes to a file: that is how it is seen to have started.
void add_service(Measure& measure, const DaemonOptions& daemon, std::string name,
                 std::vector<std::string> arguments) {
    auto argv = with_tracepoints(daemon, run_arguments(daemon));
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    measure.add(std::move(name), {}, [&measure, argv](HookRow& row) -> Result<Phase> {
        const auto out = measure.site().scratch();
        return out ? below_sensor(measure, argv, *out, row) : Result<Phase>(out.error());
    });
}

Result<Empty> load_empty() {
    if (auto ready = ensure_tracefs(); !ready) return ready.error();
    hush_libbpf();
    Empty empty(attach_bpf__open_and_load(), attach_bpf__destroy);
    if (!empty) return Error::from_errno("cannot load the empty programs");
    return empty;
}

}  // namespace

Result<Hooks> measure_fold(const Site& site, const DaemonOptions& daemon, const Effort& effort) {
    const auto empty = load_empty();
    if (!empty) return empty.error();
    Measure measure(site, effort, {&find_load("open+close, one file"), &find_load("open, ENOENT")});
    add_empty(measure, *empty, {"syscalls/sys_exit_openat"});
    if (help_has({daemon.program, "run"}, "--profile")) {
        add_service(measure, daemon, "run", {});
        add_service(measure, daemon, "run --profile quiet", {"--profile", "quiet"});
    }
    return measure.run();
}

Result<Hooks> measure_floor(const Site& site, const DaemonOptions& daemon, const Effort& effort) {
    const auto empty = load_empty();
    if (!empty) return empty.error();
    const Bare bare(bare_bpf__open_and_load(), bare_bpf__destroy);
    if (!bare) return Error::from_errno("cannot load the bare programs");
    Measure measure(
        site, effort,
        {&find_load("open+close, one file"), &find_load("open, ENOENT"), &find_load("connect UDP")});
    add_empty(measure, *empty, {"syscalls/sys_exit_openat", "syscalls/sys_exit_connect"});
    measure.add("bare program", "bare", [&](HookRow& row) {
        return below_bare(measure, bare, {{bare->progs.bare_open, {}}, {bare->progs.bare_connect, {}}}, row);
    });
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const auto argv = with_tracepoints(daemon, every_event_arguments(daemon));
    measure.add("trace -a --every-event", {},
                [&](HookRow& row) { return below_sensor(measure, argv, null, row); });
    return measure.run();
}

}  // namespace whodid::bench
