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

#include "app/version.h"
#include "base/clock.h"

namespace whodid {

namespace {

constexpr int kPollMs = 10;  // nobody is woken per event: this bounds the delay
constexpr std::uint64_t kHousekeepingNs = 1'000'000'000;

std::string first_line(const Host& host, const char* path) {
    const auto text = host.read_file(path);
    return text ? text->substr(0, text->find('\n')) : std::string();
}

bool readable(int fd) {
    pollfd p{fd, POLLIN, 0};
    return fd >= 0 && ::poll(&p, 1, 0) > 0;
}

std::vector<ProcessKey> keys_of(const std::vector<rec_guard>& guards) {
    std::vector<ProcessKey> keys;
    keys.reserve(guards.size());
    for (const rec_guard& guard : guards) keys.push_back({guard.tgid, guard.start_ns});
    return keys;
}

/// The programs of the sensors, as the kernel told of them, and the file this one writes.
std::vector<GuardedFile> guarded_files(const std::vector<rec_guard>& guards, const Processes& processes,
                                       int out_fd) {
    std::vector<GuardedFile> files;
    for (const ProcessKey& key : keys_of(guards)) {
        const Snapshot sensor = processes.find(key);
        if (!sensor || sensor->exe_inode == 0) continue;
        const FileId id{sensor->exe_dev, sensor->exe_inode};
        if (std::ranges::find(files, id, &GuardedFile::id) == files.end())
            files.push_back({sensor->exe, id, GuardedUse::kProgram});
    }
    struct stat st {};
    const std::string out = fmt::format("/proc/self/fd/{}", out_fd);
    if (out_fd < 0 || ::fstat(out_fd, &st) != 0 || !S_ISREG(st.st_mode)) return files;
    if (const auto id = LiveHost().identify(out))
        files.push_back({LiveHost().link(out), *id, GuardedUse::kOutput});
    return files;
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
    live->loader_ = std::move(*loader);
    auto source = RingSource::open(live->loader_->descriptors());
    if (!source) return source.error();
    live->source_ = std::move(*source);
    if (auto listed = live->loader_->list_tasks(); !listed) return listed.error();
    return live;
}

void LiveCapture::guard_sensors(Pipeline& pipeline, int out_fd) {
    const Processes& processes = pipeline.enricher().processes();
    const auto same = [](const rec_guard& a, const rec_guard& b) {
        return a.tgid == b.tgid && a.start_ns == b.start_ns;
    };
    std::vector<rec_guard> now = sensors_.guards(processes);
    if (std::ranges::equal(now, guards_, same)) return;
    if (auto told = loader_->guard(now); !told) spdlog::warn("{}", told.error().message);
    guards_ = std::move(now);
    pipeline.guard().set({keys_of(guards_), guarded_files(guards_, processes, out_fd), loader_->objects()});
}

/// Acts whose records must come back. Nothing else this thread does is let through meanwhile but the call
/// that asks for it, which is none that is reported.
void LiveCapture::send_canary(Pipeline& pipeline) {
    for (const std::string& change : canary_->changes()) pipeline.say(REC_SENSOR_BLIND, change);
    auto passes = loader_->let_pass(static_cast<std::uint32_t>(::gettid()));
    if (passes) {
        const Fd none(::open(canary_->path().c_str(), O_RDONLY | O_CLOEXEC));
        connect_to_abstract(canary_->name());
        passes = loader_->let_pass(0);
    }
    if (!passes) spdlog::warn("{}", passes.error().message);
    canary_->sent(boot_now_ns());
}

Result<void> LiveCapture::drain(Pipeline& pipeline) {
    auto drained = source_->drain([&](std::span<const char> bytes) { pipeline.take(bytes); });
    return drained ? Result<void>() : Result<void>(drained.error());
}

/// What the kernel side could not hand over since the last look, kind by kind, into the stream.
void LiveCapture::report_losses(Pipeline& pipeline, std::uint64_t now_ns) {
    Ledger now;
    if (!loader_->read_counters(now)) return;
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
std::string LiveCapture::describe() const {
    std::size_t attached = 0;
    std::string absent;
    const std::vector<Hook>& hooks = loader_->hooks();
    for (const Hook& hook : hooks) {
        if (hook.absent.empty())
            ++attached;
        else if (is_missed(hook))
            absent += fmt::format("{}{} ({})", absent.empty() ? "; without " : ", ", hook.where, hook.absent);
    }
    return fmt::format("version {}, {} backend, {} hooks{}{}", kVersion,
                       is_full(hooks) ? "full" : "tracepoint", attached,
                       misses_compat(hooks) ? "; without 32-bit system calls" : "", absent);
}

Result<void> LiveCapture::pump(Pipeline& pipeline, Ledger& ledger, const PumpOptions& options) {
    const std::uint64_t end_ns =
        options.duration_ns ? boot_now_ns() + options.duration_ns : ~std::uint64_t{0};
    losses_read_ns_ = boot_now_ns();
    pipeline.say(REC_SENSOR_START, describe());
    // The process table first: whatever happens later finds its actor in it.
    if (auto drained = drain(pipeline); !drained) return drained.error();
    Result<bool> going = pipeline.advance(losses_read_ns_);
    guard_sensors(pipeline, options.out_fd);
    canary_.emplace(options.canary_ns, losses_read_ns_, KeyedHash()("canary"));
    pipeline.set_canary([this](const rec_hdr& record) { return canary_->takes(record); });
    while (going && *going && !readable(options.stop_fd)) {
        pollfd fds[] = {
            {source_->wait_fd(), POLLIN, 0}, {options.stop_fd, POLLIN, 0}, {options.out_fd, 0, 0}};
        ::poll(fds, std::size(fds), kPollMs);
        if (auto drained = drain(pipeline); !drained) return drained.error();
        const std::uint64_t now = boot_now_ns();
        if (now >= losses_read_ns_ + kHousekeepingNs) {
            report_losses(pipeline, now);
            guard_sensors(pipeline, options.out_fd);
        }
        if (canary_->is_due(now)) send_canary(pipeline);
        going = pipeline.advance(now - kReorderWindowNs);
        if (fds[2].revents & (POLLERR | POLLHUP)) going = Error{"nobody reads the events any more", EPIPE};
        if (now >= end_ns) break;
    }
    if (auto stopped = loader_->stop(); !stopped) return stopped;
    if (auto drained = drain(pipeline); !drained) return drained.error();
    report_losses(pipeline, boot_now_ns());
    if (auto read = loader_->read_counters(ledger); !read) return read;
    auto finished = pipeline.finish();
    if (finished && *finished) {
        pipeline.say(REC_SENSOR_STOP, fmt::format("{} events delivered", pipeline.shown()));
        finished = pipeline.finish();
    }
    if (!going) return going.error();
    return finished ? Result<void>() : Result<void>(finished.error());
}

}  // namespace whodid
