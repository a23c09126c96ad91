// SPDX-License-Identifier: Apache-2.0
// The pump.
#include "app/live.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "app/poll_ready.h"
#include "app/version.h"
#include "base/clock.h"

namespace whodid {

namespace {

constexpr int kPollMs = 10;  // nobody is woken per event: this bounds the delay
// Where nothing has happened for a while: then the first record wakes.
constexpr int kSleepMs = 1000;
constexpr std::uint64_t kIdleNs = 500'000'000;
constexpr std::uint64_t kHousekeepingNs = 1'000'000'000;

std::string first_line(const Host& host, const char* path) {
    const auto text = host.read_file(path);
    return text ? text->substr(0, text->find('\n')) : std::string();
}

std::vector<ProcessKey> keys_of(const std::vector<rec_guard>& guards) {
    std::vector<ProcessKey> keys;
    keys.reserve(guards.size());
    for (const rec_guard& guard : guards) keys.push_back({guard.tgid, guard.start_ns});
    return keys;
}

/// The programs of the sensors, as the kernel told of them, the file this one writes, and what it is told to
/// guard besides.
std::vector<GuardedFile> guarded_files(const std::vector<rec_guard>& guards, const Processes& processes,
                                       const PumpOptions& options) {
    const LiveHost host;
    std::vector<GuardedFile> files;
    for (const ProcessKey& key : keys_of(guards)) {
        const Snapshot sensor = processes.find(key);
        if (!sensor || sensor->exe_inode == 0) continue;
        const FileId id{sensor->exe_dev, sensor->exe_inode};
        if (std::ranges::find(files, id, &GuardedFile::id) == files.end())
            files.push_back({sensor->exe, id, GuardedUse::kProgram});
    }
    for (GuardedFile file : options.guarded) {
        file.id = host.identify(file.path).value_or(FileId{});
        files.push_back(std::move(file));
    }
    struct stat st {};
    const std::string out = fmt::format("/proc/self/fd/{}", options.out_fd);
    if (options.out_fd < 0 || ::fstat(options.out_fd, &st) != 0 || !S_ISREG(st.st_mode)) return files;
    if (const auto id = host.identify(out)) files.push_back({host.link(out), *id, GuardedUse::kOutput});
    return files;
}

/// Whoever opens what the sensor writes is told of.
void spare_outputs(const std::vector<GuardedFile>& files, rec_gate& gate) {
    std::size_t spared = 0;
    for (const GuardedFile& file : files)
        if (file.use == GuardedUse::kOutput && spared < std::size(gate.spared))
            gate.spared[spared++] = file.id.inode;
}

void count_taken(std::span<const char> record, KindCounts& counts) {
    rec_hdr header{};
    if (record.size() >= sizeof header) std::memcpy(&header, record.data(), sizeof header);
    ++counts[header.kind < counts.size() ? header.kind : 0];
}

void take_folded(Pipeline& pipeline, const rec_folded& folded) {
    pipeline.take({reinterpret_cast<const char*>(&folded), sizeof folded});
}

/// "@name". Nobody listens there.
void connect_to_abstract(const std::string& name) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    name.copy(to.sun_path, sizeof to.sun_path);
    to.sun_path[0] = 0;
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    (void)!::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), bytes);
}

}  // namespace

Stream describe_host(const Host& host) {
    Stream stream;
    utsname name{};
    ::uname(&name);
    stream.boot = hash_bytes(first_line(host, "/proc/sys/kernel/random/boot_id"));
    stream.sensor_start_ns = boot_now_ns();
    stream.host_name = name.nodename;
    stream.host_id = first_line(host, "/etc/machine-id");
    if (stream.host_id.empty()) stream.host_id = first_line(host, "/var/lib/dbus/machine-id");
    stream.architecture = name.machine;
    return stream;
}

Result<std::unique_ptr<LiveCapture>> LiveCapture::start(const LoadOptions& options) {
    std::unique_ptr<LiveCapture> live(new LiveCapture);
    live->stream_ = describe_host(LiveHost());
    auto loader = Loader::load(options);
    if (!loader) return loader.error();
    auto lister = (*loader)->task_lister();
    if (!lister) return lister.error();
    live->loader_ = std::move(*loader);
    live->kernel_ = {live->loader_.get(), std::move(*lister), live->loader_->objects()};
    auto source = RingSource::open(live->loader_->descriptors());
    if (!source) return source.error();
    live->source_ = std::move(*source);
    return live;
}

Result<std::unique_ptr<LiveCapture>> LiveCapture::take_over(KernelLease lease, HandOver& hand_over,
                                                            std::uint64_t keep_bytes) {
    std::unique_ptr<LiveCapture> live(new LiveCapture);
    live->stream_ = describe_host(LiveHost());
    live->kernel_ = std::move(lease);
    live->hand_over_ = &hand_over;
    auto source = RingSource::open(live->kernel_.side->descriptors(), keep_bytes);
    if (!source) return source.error();
    live->source_ = std::move(*source);
    return live;
}

/// Who the sensors are, and what nobody wants; when either is another than it was.
void LiveCapture::put_policy(Pipeline& pipeline) {
    const Processes& processes = pipeline.enricher().processes();
    const auto same = [](const rec_guard& a, const rec_guard& b) {
        return a.tgid == b.tgid && a.start_ns == b.start_ns;
    };
    std::vector<rec_guard> now = sensors_.guards(processes);
    const rec_gate gate = pipeline.gate();
    if (std::ranges::equal(now, guards_, same) && std::memcmp(&gate, &gate_, sizeof gate) == 0) return;
    guards_ = std::move(now);
    gate_ = gate;
    auto files = guarded_files(guards_, processes, options_);
    rec_policy policy = guarding(guards_);
    policy.gate = gate;
    spare_outputs(files, policy.gate);
    if (auto put = kernel_.side->put(policy); !put) spdlog::warn("{}", put.error().message);
    std::vector<ProcessKey> keys = keys_of(guards_);
    const rec_guard& before = options_.predecessor.sensor;
    if (before.start_ns != 0) keys.push_back({before.tgid, before.start_ns});
    std::vector<KernelObject> objects = kernel_.objects;
    objects.emplace_back(REC_BPF_MAP, kernel_.side->policy_map());
    pipeline.guard().set({std::move(keys), std::move(files), std::move(objects)});
}

/// Acts whose records must come back. Nothing else this thread does is let through meanwhile but the call
/// that asks for it, which is none that is reported.
void LiveCapture::send_canary(Pipeline& pipeline) {
    for (const std::string& change : canary_->changes()) pipeline.say(REC_SENSOR_BLIND, change);
    kernel_.side->let_pass(static_cast<std::uint32_t>(::gettid()));
    const Fd none(::open(canary_->path().c_str(), O_RDONLY | O_CLOEXEC));
    connect_to_abstract(canary_->name());
    kernel_.side->let_pass(0);
    canary_->sent(boot_now_ns());
}

void LiveCapture::drain(Pipeline& pipeline) {
    (void)source_->drain([&](std::span<const char> bytes) {
        count_taken(bytes, taken_);
        pipeline.take(bytes);
    });
}

/// What the kernel side could not hand over since the last look, kind by kind, into the stream.
void LiveCapture::report_losses(Pipeline& pipeline, std::uint64_t now_ns) {
    Ledger now;
    if (!kernel_.side->read_counters(now)) return;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        const LedgerLine& before = seen_losses_[kind];
        const LedgerLine& after = now[kind];
        const auto say = [&](std::string_view stage, std::uint64_t was, std::uint64_t is) {
            if (is > was) pipeline.say_loss(stage, kind, is - was, losses_read_ns_, now_ns);
        };
        say("kernel_ring", before.kernel.ring_full, after.kernel.ring_full);
        say("kernel_slot", before.kernel.no_slot, after.kernel.no_slot);
        say("kernel_hook", before.missed, after.missed);
    }
    seen_losses_ = now;
    losses_read_ns_ = now_ns;
}

/// The stream's first event: what captures, and what it cannot see here.
std::string LiveCapture::describe(const Predecessor& predecessor) const {
    std::size_t attached = 0;
    std::string absent;
    const std::vector<Hook>& hooks = kernel_.side->hooks();
    for (const Hook& hook : hooks) {
        if (hook.absent.empty())
            ++attached;
        else if (is_missed(hook))
            absent += fmt::format("{}{} ({})", absent.empty() ? "; without " : ", ", hook.where, hook.absent);
    }
    const std::string follows =
        predecessor.sensor.tgid == 0
            ? ""
            : fmt::format("goes on for worker {}, which {}; ", predecessor.sensor.tgid, predecessor.end);
    const std::string &profile = options_.profile, &budget = options_.budget;
    return fmt::format("{}version {}, {} backend, {} hooks{}{}{}{}{}{}", follows, kVersion,
                       is_full(hooks) ? "full" : "tracepoint", attached,
                       misses_compat(hooks) ? "; without 32-bit system calls" : "", absent,
                       profile.empty() ? "" : "; profile ", profile, budget.empty() ? "" : "; at most ",
                       budget);
}

// ---- taking over ------------------------------------------------------------------------------------------

/// With the kernel's columns as they were last read.
Ledger LiveCapture::with_kernel(const Ledger& ledger) const {
    Ledger whole = ledger;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        whole[kind].kernel = seen_losses_[kind].kernel;
        whole[kind].missed = seen_losses_[kind].missed;
    }
    return whole;
}

/// What was told, and what room can be given back; in that order, or what is written over was never told.
void LiveCapture::commit(const Ledger& ledger, std::uint64_t told_until_ns,
                         const Pipeline::Numbers& numbers) {
    if (!hand_over_) return;
    Checkpoint now;
    now.ledger = with_kernel(ledger);
    now.taken = taken_;
    now.kept = source_->done(told_until_ns);
    now.read = source_->read();
    now.told_until_ns = told_until_ns;
    now.listed_until_ns = listed_until_ns_;
    now.losses_read_ns = losses_read_ns_;
    now.numbers = numbers;
    hand_over_->commit(now);
    source_->give_back(now.kept);
}

/// First what waits, so that there is room for the list of processes.
Result<void> LiveCapture::read_backlog(Backlog& backlog, Ledger& ledger) {
    const Checkpoint from = hand_over_ ? hand_over_->last() : Checkpoint{};
    source_->read_again(from.kept, from.read, [&](std::span<const char> bytes, bool had) {
        if (!had) count_taken(bytes, taken_);
        backlog.add(bytes, had);
    });
    commit(ledger, from.told_until_ns, from.numbers);
    if (auto listed = list_tasks(kernel_.task_lister.get()); !listed) return listed;
    (void)source_->drain([&](std::span<const char> bytes) {
        count_taken(bytes, taken_);
        backlog.add(bytes, false);
    });
    listed_until_ns_ = boot_now_ns();
    backlog.sort();
    return {};
}

void LiveCapture::say_lost(Pipeline& pipeline, const Lost& lost, const Checkpoint& from) {
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind)
        if (lost.of(kind) != 0)
            pipeline.say_loss("worker", kind, lost.of(kind), from.told_until_ns, boot_now_ns());
}

/// The process table first: whatever happens later finds its actor in it. Then what a predecessor has told,
/// which brings it up to date, and then what nobody has told yet.
Result<void> LiveCapture::begin(Pipeline& pipeline, Ledger& ledger) {
    const Checkpoint from = hand_over_ ? hand_over_->last() : Checkpoint{};
    constexpr std::uint64_t kOwnNumbers = 1ull << 32;  // what a worker can say
    losses_read_ns_ = from.losses_read_ns ? from.losses_read_ns : boot_now_ns();
    ledger = seen_losses_ = from.ledger;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        ledger[kind].kernel = {};
        ledger[kind].missed = 0;
    }
    taken_ = from.taken;
    listed_until_ns_ = from.listed_until_ns;
    constexpr std::uint32_t kAllSessions = ~std::uint32_t{0};
    Backlog backlog(from.told_until_ns, from.listed_until_ns,
                    from.told_until_ns != 0 ? from.numbers.session : kAllSessions);
    if (auto read = read_backlog(backlog, ledger); !read) return read;

    pipeline.go_on_from(from.numbers, hand_over_ ? hand_over_->begin() * kOwnNumbers : 0);
    for (const auto& record : backlog.listing()) pipeline.take_first(record);
    pipeline.learn({}, from.told_until_ns);  // logins older than all that is told
    pipeline.learn(backlog.told(), from.told_until_ns);
    put_policy(pipeline);
    const Lost lost = lost_records(from, backlog, pipeline.enricher().waiting());
    account_for(lost, ledger);
    pipeline.say(REC_SENSOR_START, describe(options_.predecessor));
    if (const std::uint64_t now = boot_now_ns(); options_.forensic_until_ns > now)
        pipeline.use(Profile::kForensic, fmt::format("{}; for another {}", options_.forensic_reason,
                                                     format_duration(options_.forensic_until_ns - now)));
    if (options_.silent_since_ns != 0)
        pipeline.say_loss("sensor", 0, 0, options_.silent_since_ns, stream_.sensor_start_ns);
    say_lost(pipeline, lost, from);
    for (const auto& record : backlog.fresh()) pipeline.take(record);
    if (hand_over_) hand_over_->moves(monotonic_now_ns());
    if (hand_over_ && !guards_.empty()) hand_over_->started(guards_.front());
    return {};
}

// ---- the pump ---------------------------------------------------------------------------------------------

Result<bool> LiveCapture::tell(Pipeline& pipeline, const Ledger& ledger, std::uint64_t until_boot_ns) {
    auto going = pipeline.advance(until_boot_ns);
    if (!going) return going;
    commit(ledger, until_boot_ns, pipeline.numbers());
    folds_.release(until_boot_ns);
    return going;
}

void LiveCapture::housekeep(Pipeline& pipeline, const Ledger& ledger, std::uint64_t now_ns) {
    if (now_ns >= losses_read_ns_ + kHousekeepingNs) {
        report_losses(pipeline, now_ns);
        put_policy(pipeline);
        pipeline.trim();
        pipeline.used_cpu(cpu_used_ns());
        folds_.tick(now_ns, [&](const rec_folded& folded) { take_folded(pipeline, folded); });
    }
    if (options_.forensic_until_ns != 0 && now_ns >= options_.forensic_until_ns) {
        options_.forensic_until_ns = 0;
        pipeline.use(Profile::kStandard, "the time of forensic is over");
    }
    if (options_.each_second && now_ns >= second_due_ns_) {
        second_due_ns_ = now_ns + kHousekeepingNs;
        options_.each_second(with_kernel(ledger), pipeline, Moment::kRunning);
    }
    if (canary_->is_due(now_ns)) send_canary(pipeline);
    if (options_.heartbeat_ns == 0 || now_ns < heartbeat_due_ns_) return;
    heartbeat_due_ns_ = now_ns + options_.heartbeat_ns;
    const LedgerLine kernel = seen_losses_.total(), own = ledger.total();
    pipeline.say_heartbeat(kernel.kernel.ring_full + kernel.kernel.no_slot + own.malformed + own.died,
                           kernel.missed);
}

/// Of what is done by the clock, the next.
std::uint64_t LiveCapture::due_ns(std::uint64_t end_ns) const {
    std::uint64_t due_ns = std::min({end_ns, losses_read_ns_ + kHousekeepingNs, canary_->due_ns()});
    if (options_.each_second) due_ns = std::min(due_ns, second_due_ns_);
    if (options_.heartbeat_ns != 0) due_ns = std::min(due_ns, heartbeat_due_ns_);
    if (options_.forensic_until_ns != 0) due_ns = std::min(due_ns, options_.forensic_until_ns);
    return due_ns;
}

/// For so long, or until there is a record. What came in between is taken first.
int LiveCapture::sleep_ms(Pipeline& pipeline, std::uint64_t end_ns) {
    kernel_.side->will_sleep();
    drain(pipeline);
    if (!pipeline.is_idle()) return 0;
    const std::uint64_t now_ns = boot_now_ns(), until_ns = std::max(due_ns(end_ns), now_ns);
    return static_cast<int>(
        std::clamp<std::uint64_t>((until_ns - now_ns) / 1'000'000 + 1, kPollMs, kSleepMs));
}

Result<bool> LiveCapture::run(Pipeline& pipeline, Ledger& ledger) {
    const std::uint64_t start_ns = boot_now_ns();
    const std::uint64_t end_ns = options_.duration_ns ? start_ns + options_.duration_ns : ~std::uint64_t{0};
    heartbeat_due_ns_ = start_ns + options_.heartbeat_ns;
    canary_.emplace(options_.canary_ns, start_ns,
                    options_.nonce.empty() ? KeyedHash()("canary") : options_.nonce,
                    options_.predecessor.sensor.tgid);
    pipeline.set_watched([this](const rec_hdr& first) { folds_.watch(first); });
    pipeline.set_canary([this](const rec_hdr& record) { return canary_->takes(record); });
    Result<bool> going = tell(pipeline, ledger, start_ns - kReorderWindowNs);
    std::uint64_t told_ns = start_ns, busy_ns = start_ns;
    bool is_stopped = false;
    while (going && *going && !is_stopped) {
        pollfd fds[] = {
            {source_->wait_fd(), POLLIN, 0}, {options_.stop_fd, POLLIN, 0}, {options_.out_fd, 0, 0}};
        (void)poll_ready(fds, told_ns - busy_ns < kIdleNs ? kPollMs : sleep_ms(pipeline, end_ns));
        is_stopped = fds[1].revents != 0;
        if (fds[0].revents) source_->woken();
        if (hand_over_) hand_over_->moves(monotonic_now_ns());
        drain(pipeline);
        const std::uint64_t now = boot_now_ns();
        housekeep(pipeline, ledger, now);
        if (!pipeline.is_idle()) busy_ns = now;
        if (busy_ns == now || now >= told_ns + kReorderWindowNs) {
            told_ns = now;
            going = tell(pipeline, ledger, now - kReorderWindowNs);
        }
        if (fds[2].revents & (POLLERR | POLLHUP)) going = Error{"nobody reads the events any more", EPIPE};
        if (now >= end_ns) break;
    }
    return going;
}

Result<PumpEnd> LiveCapture::close(Pipeline& pipeline, Ledger& ledger) {
    if (auto stopped = kernel_.side->stop(); !stopped) return stopped.error();
    drain(pipeline);
    folds_.finish(boot_now_ns(), [&](const rec_folded& folded) { take_folded(pipeline, folded); });
    report_losses(pipeline, boot_now_ns());
    if (auto read = kernel_.side->read_counters(ledger); !read) return read.error();
    auto finished = pipeline.finish();
    if (finished && *finished) {
        pipeline.say_left_out();
        if (options_.each_second) options_.each_second(ledger, pipeline, Moment::kStopping);
        const std::string reason = options_.stop_reason ? options_.stop_reason() : std::string();
        pipeline.say(REC_SENSOR_STOP, fmt::format("{} events delivered{}{}", pipeline.shown(),
                                                  reason.empty() ? "" : "; ", reason));
        finished = pipeline.finish();
    }
    if (!finished) return finished.error();
    return PumpEnd::kClosed;
}

/// Whatever was taken is told, open summaries too: a successor could only declare them lost. What comes
/// meanwhile stays in the rings.
Result<PumpEnd> LiveCapture::leave(Pipeline& pipeline, Ledger& ledger) {
    drain(pipeline);
    const std::uint64_t now = boot_now_ns();
    report_losses(pipeline, now);
    auto finished = pipeline.finish();
    if (finished) {
        pipeline.say_left_out();
        if (options_.each_second) options_.each_second(with_kernel(ledger), pipeline, Moment::kLeaving);
        finished = pipeline.finish();
    }
    if (!finished) return finished.error();
    commit(ledger, now, pipeline.numbers());
    folds_.release(now);
    return PumpEnd::kLeft;
}

Result<PumpEnd> LiveCapture::pump(Pipeline& pipeline, Ledger& ledger, const PumpOptions& options) {
    options_ = options;
    folds_ = FoldTable(kernel_.side->folds(), options_.fold_window);
    if (auto begun = begin(pipeline, ledger); !begun) return begun.error();
    const auto going = run(pipeline, ledger);
    if (!going && going.error().code != EPIPE && hand_over_) return going.error();
    if (going && *going && hand_over_ && options_.leaves && options_.leaves()) return leave(pipeline, ledger);
    auto closed = close(pipeline, ledger);
    if (!going) return going.error();
    return closed;
}

}  // namespace whodid
