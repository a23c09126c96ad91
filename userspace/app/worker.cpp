// SPDX-License-Identifier: Apache-2.0
// One worker's life.
#include "app/worker.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "app/budget_text.h"
#include "app/descriptors.h"
#include "app/exit_code.h"
#include "app/footer.h"
#include "app/people.h"
#include "app/policy_line.h"
#include "app/say.h"
#include "app/watch.h"
#include "base/clock.h"
#include "base/rights.h"
#include "sink/stream_sink.h"

namespace whodid {

namespace {

constexpr const char* kSettings = "/etc/whodid";

/// When it stops is the supervisor's to say, also when a terminal or a service manager signals both.
void leave_signals_to_supervisor() {
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(s, SIG_IGN);
}

/// Attachments last as long as anybody holds them: that is the supervisor's part. What of the kernel side is
/// read stays.
void keep_what_is_read(const WorkerTask& task) {
    const auto keeps = [&](int fd, std::string_view target) {
        return fd <= STDERR_FILENO || fd == task.out_fd || fd == task.orders_fd ||
               fd == task.kernel.task_lister.get() || fd == task.policy_line.get() ||
               target.starts_with("anon_inode:bpf-map") || target.starts_with("anon_inode:bpf-prog");
    };
    for (const int fd : descriptors_but(keeps)) ::close(fd);
}

/// Of other processes it reads what they run and where, and files that only their owner may read. Before
/// Linux 5.19 it takes a right to read a map, too.
Result<void> keep_least_rights(const KernelSide& side) {
    constexpr Rights kReads = right(CAP_SYS_PTRACE) | right(CAP_DAC_READ_SEARCH);
    if (auto used = use_rights(kReads); !used) return used;
    Ledger unused;
    return keep_rights(side.read_counters(unused) ? kReads : kReads | right(CAP_BPF));
}

bool ends_in_mid_line(int fd) {
    struct stat st {};
    if (::fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return true;  // cannot be known
    char last = '\n';
    if (st.st_size > 0 && ::pread(fd, &last, 1, st.st_size - 1) != 1) return true;
    return last != '\n';
}

/// Notes when a line may be torn.
class NotedSink : public Sink {
public:
    NotedSink(HandOver& hand_over, int fd)
        : hand_over_(hand_over), fd_(fd), stream_(fd, Format::kJson, TextOptions{}) {}

    Result<std::uint64_t> write(const Batch& batch) override {
        end_torn_line();
        hand_over_.write_begins();
        auto written = stream_.write(batch);
        if (written) hand_over_.write_ended();
        return written;
    }
    Result<void> flush() override { return stream_.flush(); }

private:
    /// A predecessor died in the midst of writing: what it was writing is told again, whole.
    void end_torn_line() {
        if (std::exchange(looked_, true) || !hand_over_.was_writing() || !ends_in_mid_line(fd_)) return;
        (void)!::write(fd_, "\n", 1);
    }

    HandOver& hand_over_;
    const int fd_;
    StreamSink stream_;
    bool looked_ = false;
};

std::vector<GuardedFile> guarded_files(const WorkerTask& task) {
    std::vector<GuardedFile> files = {{kSettings, {}, GuardedUse::kSettings, true}};
    for (const std::string& path : task.state_files) files.push_back({path, {}, GuardedUse::kState});
    const auto add = [&files](const std::string& path, GuardedUse use) {
        std::error_code failed;
        const auto whole = std::filesystem::weakly_canonical(path, failed);
        if (!path.empty() && !failed) files.push_back({whole.string(), {}, use});
    };
    add(task.options.person_map_path, GuardedUse::kSettings);
    for (const std::string& path : task.options.watch_paths)
        if (path != kNoBuiltInWatches) add(path, GuardedUse::kSettings);
    add(task.options.seen_path, GuardedUse::kState);
    return files;
}

/// Whether the pipe that orders come through has a byte, or its other end is gone.
std::string reason_to_stop(int orders_fd) {
    char order = 0;
    pollfd p{orders_fd, POLLIN, 0};
    const bool asked = ::poll(&p, 1, 0) > 0;
    return asked && ::read(orders_fd, &order, 1) == 0 ? "the supervisor is gone" : "";
}

/// A predecessor may have come to the end of forensic's time.
std::optional<Profile> profile_now(const WorkerTask& task) {
    const RunOptions& options = task.options;
    if (!options.profile) return options.filters.empty() ? std::optional(Profile::kStandard) : std::nullopt;
    const bool over = boot_now_ns() >= task.sensor_start_ns + options.forensic_ns;
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
    if (profile) pump.profile = profile_name(*profile);
    pump.budget = describe(budget_of(task.options, profile));
    if (profile == Profile::kForensic)
        pump.forensic_until_ns = task.sensor_start_ns + task.options.forensic_ns;
    pump.forensic_reason = task.options.forensic_reason;
    pump.stop_reason = [fd = task.orders_fd] { return reason_to_stop(fd); };
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
    if (!ready) return fail(ready.error());
    side.let_pass(0);  // a predecessor may have died in its canary's midst

    auto people = read_person_map(task.options.person_map_path);
    if (!people) return people.error().code == EINVAL ? fail_usage(people.error()) : fail(people.error());
    auto watch = read_watch_list(task.options.watch_paths);
    if (!watch) return watch.error().code == EINVAL ? fail_usage(watch.error()) : fail(watch.error());
    const auto profile = profile_now(task);
    const PumpOptions pump = pump_options(task, profile);
    auto live =
        LiveCapture::take_over(std::move(task.kernel), task.hand_over, task.options.load.wake_bytes / 2);
    if (!live) return fail(live.error());
    (*live)->stream().sensor_start_ns = task.sensor_start_ns;
    const LiveHost host;
    Ledger ledger;
    NotedSink sink(task.hand_over, task.out_fd);
    PipelineOptions kept;
    kept.filter.everything = true;
    kept.filter.expressions = task.options.filters;
    kept.filter.profile = profile;
    kept.summaries = task.options.load.folds;
    kept.budget = budget_of(task.options, profile);
    kept.people = std::move(*people);
    kept.watch = std::move(*watch);
    kept.seen_path = task.options.seen_path;
    auto pipeline = Pipeline::make((*live)->stream(), host, ledger, kept, &sink);
    if (!pipeline) return fail(pipeline.error());
    const auto pumped = (*live)->pump(**pipeline, ledger, pump);
    if (!pumped) return fail(pumped.error());
    print_footer(task.options, ledger, **pipeline);
    return kOk;
}

}  // namespace whodid
