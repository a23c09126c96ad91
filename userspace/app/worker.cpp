// SPDX-License-Identifier: Apache-2.0
// One worker's life.
#include "app/worker.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>
#include <utility>

#include "app/budget_text.h"
#include "app/confine.h"
#include "app/descriptors.h"
#include "app/exit_code.h"
#include "app/footer.h"
#include "app/lines_sink.h"
#include "app/make_sinks.h"
#include "app/observe.h"
#include "app/people.h"
#include "app/policy_line.h"
#include "app/say.h"
#include "app/version.h"
#include "app/watch.h"
#include "base/clock.h"
#include "base/rights.h"

namespace whodid {

namespace {

constexpr const char* kSettings = "/etc/whodid";
constexpr std::uint64_t kCloseNs = 5'000'000'000;      // to send what waits, at the end
constexpr std::uint64_t kTracesEndNs = 1'000'000'000;  // the same to traces

/// When it stops is the supervisor's to say, also when a terminal or a service manager signals both.
void leave_signals_to_supervisor() {
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(s, SIG_IGN);
}

/// Attachments last as long as anybody holds them: that is the supervisor's part. What of the kernel side is
/// read stays.
void keep_what_is_read(const WorkerTask& task) {
    const auto keeps = [&](int fd, std::string_view target) {
        return fd <= STDERR_FILENO || fd == task.out_fd || fd == task.orders_fd || fd == task.status_fd ||
               fd == task.metrics_fd || fd == task.kernel.task_lister.get() || fd == task.policy_line.get() ||
               target.starts_with("anon_inode:bpf-map") || target.starts_with("anon_inode:bpf-prog");
    };
    for (const int fd : descriptors_but(keeps)) ::close(fd);
}

/// Of other processes it reads what they run and where, and files that only their owner may read. Before
/// Linux 5.19 it takes a right to read a map, too.
Result<void> keep_least_rights(KernelSide& side) {
    constexpr Rights kReads = right(CAP_SYS_PTRACE) | right(CAP_DAC_READ_SEARCH);
    if (auto used = use_rights(kReads); !used) return used;
    Ledger unused;
    return keep_rights(side.read_counters(unused) ? kReads : kReads | right(CAP_BPF));
}

/// A directory counts whole.
void add_output(const SinkSettings& sink, std::vector<GuardedFile>& files) {
    const std::string& path = sink.lines.path;
    if (sink.type == SinkType::kOtlp) files.push_back({sink.outbox.path, {}, GuardedUse::kState, true});
    if (sink.type != SinkType::kJsonLines || !path.starts_with('/')) return;
    const bool is_directory = path.ends_with('/');
    files.push_back(
        {is_directory ? path.substr(0, path.size() - 1) : path, {}, GuardedUse::kOutput, is_directory});
}

std::vector<GuardedFile> guarded_files(const WorkerTask& task) {
    std::vector<GuardedFile> files = {{kSettings, {}, GuardedUse::kSettings, true}};
    for (const std::string& path : task.state_files) files.push_back({path, {}, GuardedUse::kState});
    const auto add = [&files](const std::string& path, GuardedUse use) {
        std::error_code failed;
        const auto whole = std::filesystem::weakly_canonical(path, failed);
        if (!path.empty() && !failed) files.push_back({whole.string(), {}, use});
    };
    add(task.options.config_path, GuardedUse::kSettings);
    add(task.options.person_map_path, GuardedUse::kSettings);
    for (const std::string& path : task.options.watch_paths)
        if (path != kNoBuiltInWatches) add(path, GuardedUse::kSettings);
    add(task.options.seen_path, GuardedUse::kState);
    if (!task.options.sinks.empty())
        files.push_back({state_directory(task.options), {}, GuardedUse::kState, true});
    for (const SinkSettings& sink : task.options.sinks) add_output(sink, files);
    return files;
}

/// What made the worker stop: an order, or the end of the pipe that orders come through. Read once.
class Orders {
public:
    explicit Orders(int fd) : fd_(fd) {}

    bool leaves() { return read() == kOrderLeave; }
    std::string reason() { return read() == kGone ? "the supervisor is gone" : ""; }

private:
    static constexpr char kNone = 0, kGone = 1;

    char read() {
        pollfd p{fd_, POLLIN, 0};
        if (order_ == kNone && ::poll(&p, 1, 0) > 0 && ::read(fd_, &order_, 1) == 0) order_ = kGone;
        return order_;
    }

    const int fd_;
    char order_ = kNone;
};

/// A predecessor may have come to the end of forensic's time.
std::optional<Profile> profile_now(const WorkerTask& task) {
    const RunOptions& options = task.options;
    if (!options.profile) return options.filters.empty() ? std::optional(Profile::kStandard) : std::nullopt;
    const bool over = boot_now_ns() >= task.forensic_since_ns + options.forensic_ns;
    return *options.profile == Profile::kForensic && over ? Profile::kStandard : options.profile;
}

/// The profile's, but for what was given.
BudgetLimits budget_of(const RunOptions& options, std::optional<Profile> profile) {
    const BudgetLimits own = profile ? limits_of(*profile) : BudgetLimits{};
    return {options.max_events_per_s.value_or(own.events_per_s),
            options.max_bytes_per_day.value_or(own.bytes_per_day),
            options.max_cpu_percent.value_or(own.cpu_percent)};
}

PumpOptions pump_options(const WorkerTask& task, std::optional<Profile> profile) {
    PumpOptions pump;
    pump.stop_fd = task.orders_fd;
    pump.out_fd = task.out_fd;
    pump.canary_ns = task.options.canary_ns;
    pump.fold_window = task.options.load.fold_window;
    pump.heartbeat_ns = task.options.heartbeat_ns;
    pump.guarded = guarded_files(task);
    pump.nonce = task.nonce;
    pump.predecessor = task.predecessor;
    pump.silent_since_ns = task.silent_since_ns;
    if (profile) pump.profile = profile_name(*profile);
    pump.budget = describe(budget_of(task.options, profile));
    if (profile == Profile::kForensic)
        pump.forensic_until_ns = task.forensic_since_ns + task.options.forensic_ns;
    pump.forensic_reason = task.options.forensic_reason;
    const auto orders = std::make_shared<Orders>(task.orders_fd);
    pump.stop_reason = [orders] { return orders->reason(); };
    pump.leaves = [orders] { return orders->leaves(); };
    return pump;
}

void print_footer(const RunOptions& options, const Ledger& ledger, const Pipeline& pipeline) {
    const bool trouble = lost(ledger.total()) != 0 || !ledger.imbalances().empty();
    if (!options.quiet) say(footer(ledger, pipeline.filter(), pipeline.shown()));
    if (options.ledger == LedgerFormat::kJson)
        say(ledger_json(ledger, pipeline.filter(), pipeline.shown()) + "\n");
    else if (options.ledger == LedgerFormat::kText || (trouble && !options.quiet))
        say(ledger_text(ledger));
}

/// Null where nobody may ask, and when it could not be started, which is no reason not to see.
std::unique_ptr<TraceServer> serve_traces(const WorkerTask& task, const Stream& stream,
                                          const PumpOptions& pump) {
    if (task.status_fd < 0) return nullptr;
    auto server = TraceServer::start(
        {{kVersion, task.supervisor_pid, pump.profile, stream}, task.predecessor.sensor.tgid != 0});
    if (server) return std::move(*server);
    spdlog::error("no traces by the socket: {}", server.error().message);
    return nullptr;
}

/// The same.
std::unique_ptr<StatusServer> serve_status(const WorkerTask& task, TraceServer* traces) {
    if (task.status_fd < 0 && task.metrics_fd < 0) return nullptr;
    auto server = StatusServer::start({Fd(task.status_fd), Fd(task.metrics_fd), task.status_group},
                                      monotonic_now_ns, traces);
    if (server) return std::move(*server);
    spdlog::error("no status: {}", server.error().message);
    return nullptr;
}

/// What stays the same as long as the worker lives.
Status constant_status(const WorkerTask& task, const Stream& stream, const std::vector<Hook>& hooks,
                       const PumpOptions& pump) {
    Status status;
    utsname kernel{};
    ::uname(&kernel);
    status.version = kVersion;
    status.host = stream.host_name;
    status.kernel = kernel.release;
    status.pid = task.supervisor_pid;
    status.start_boot_ns = task.sensor_start_ns;
    status.start_wall_ns = ClockAnchor::now().wall(task.sensor_start_ns);
    status.profile = pump.profile;
    status.budget = pump.budget;
    status.config.path = task.options.config_path;
    status.backends = backends_of(hooks);
    return status;
}

/// All is told and on disk. What is under way to a far end is sent again by the successor, which must not
/// wait for it.
[[noreturn]] void leave(SinkSet& sinks) {
    (void)sinks.flush();
    ::_exit(kOk);
}

}  // namespace

int work(WorkerTask task) {
    leave_signals_to_supervisor();
    ::prctl(PR_SET_NAME, "whodid-worker");
    keep_what_is_read(task);
    LeasedSide side(*task.kernel.side, std::move(task.policy_line));
    task.kernel.side = &side;
    // Their starts are known when the processes are listed: until then, 0 stands for them.
    auto ready =
        side.put(guarding({{0, static_cast<std::uint32_t>(::getpid()), 0}, {0, task.supervisor_pid, 0}}));
    if (ready) ready = keep_least_rights(side);
    if (ready) ready = confine(Role::kWorker);
    if (!ready) return fail(ready.error());
    side.let_pass(0);  // a predecessor may have died in its canary's midst

    auto people = read_person_map(task.options.person_map_path);
    if (!people) return people.error().code == EINVAL ? fail_usage(people.error()) : fail(people.error());
    auto watch = read_watch_list(task.options.watch_paths);
    if (!watch) return watch.error().code == EINVAL ? fail_usage(watch.error()) : fail(watch.error());
    const auto profile = profile_now(task);
    PumpOptions pump = pump_options(task, profile);
    auto live =
        LiveCapture::take_over(std::move(task.kernel), task.hand_over, task.options.load.wake_bytes / 2);
    if (!live) return fail(live.error());
    (*live)->stream().sensor_start_ns = task.sensor_start_ns;
    const LiveHost host;
    Ledger ledger;
    SinkSet sinks(task.hand_over, monotonic_now_ns);
    const SinkSurroundings around{(*live)->stream(), task.hand_over.was_writing(),
                                  state_directory(task.options)};
    if (task.options.sinks.empty() || !task.options.output_path.empty())
        sinks.add_vital("output", std::nullopt,
                        std::make_unique<LinesSink>(task.out_fd, around.may_be_torn,
                                                    line_encoder(LineFormat::kNative, around.stream)));
    if (auto added = add_sinks(task.options.sinks, around, sinks); !added) return fail(added.error());
    sinks.open_all();
    PipelineOptions kept;
    kept.filter.everything = true;
    kept.filter.expressions = task.options.filters;
    kept.filter.profile = profile;
    kept.summaries = task.options.load.folds;
    kept.budget = budget_of(task.options, profile);
    kept.people = std::move(*people);
    kept.watch = std::move(*watch);
    kept.seen_path = task.options.seen_path;
    auto pipeline = Pipeline::make((*live)->stream(), host, ledger, kept, &sinks);
    if (!pipeline) return fail(pipeline.error());
    const auto traces = serve_traces(task, around.stream, pump);
    const auto server = serve_status(task, traces.get());
    Observer observer(constant_status(task, around.stream, side.hooks(), pump), sinks, task.hand_over,
                      {server.get(), traces.get()}, make_metrics_exporters(task.options.sinks, around));
    const Processes& processes = (*pipeline)->enricher().processes();
    sinks.set_tap([&](const Batch& batch) {
        for (const Event& event : batch.events) observer.note(event);
        if (traces)
            traces->write(batch, [&processes](const Process& process) { return processes.parent(process); });
    });
    pump.each_second = [&](const Ledger& now, Pipeline& at, Moment moment) {
        observer.look(now, at, live->get(), moment);
    };
    const auto pumped = (*live)->pump(**pipeline, ledger, pump);
    if (!pumped) return fail(pumped.error());
    if (traces)
        traces->end(*pumped == PumpEnd::kLeft ? StreamEnd::kReplaced : StreamEnd::kStopped, kTracesEndNs);
    if (*pumped == PumpEnd::kLeft) {
        pipeline->reset();
        leave(sinks);
    }
    std::thread ending([&observer] { observer.end_exports(); });
    sinks.close(kCloseNs);
    ending.join();
    print_footer(task.options, ledger, **pipeline);
    return kOk;
}

}  // namespace whodid
