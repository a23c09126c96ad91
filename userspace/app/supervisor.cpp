// SPDX-License-Identifier: Apache-2.0
// Starting workers, and what to do when one ends.
#include "app/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "app/policy_line.h"
#include "app/poll_ready.h"
#include "app/say.h"
#include "app/worker.h"
#include "base/clock.h"
#include "base/hash.h"
#include "event/names.h"

namespace whodid {

namespace {

constexpr std::uint64_t kStopNs = 20'000'000'000;  // a full ring is read and written in less
constexpr std::uint64_t kForever = ~std::uint64_t{0};

/// False after `timeout_ms`; -1: never.
bool wait_for(int fd, int timeout_ms) {
    pollfd p{fd, POLLIN, 0};
    int ready = 0;
    while ((ready = poll_ready({&p, 1}, timeout_ms)) < 0) {
    }
    return ready > 0;
}

}  // namespace

std::string describe_end(int status) {
    if (WIFSIGNALED(status))
        return fmt::format("was killed by {}", signal_name(static_cast<unsigned>(WTERMSIG(status))));
    return fmt::format("ended with status {}", WEXITSTATUS(status));
}

Supervisor::Supervisor(RunOptions options, Loader& loader, HandOver& hand_over, Surroundings around)
    : options_(std::move(options)),
      loader_(loader),
      hand_over_(hand_over),
      around_(std::move(around)),
      start_ns_(boot_now_ns()),
      nonce_(KeyedHash()("canary")) {
    silent_since_ns_ = sensors_.take_notes_of_dead();
    note_progress();
}

Result<Supervisor::Worker> Supervisor::start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno("cannot make a pipe for the worker");
    Fd orders(ends[0]);
    Worker worker;
    worker.orders = Fd(ends[1]);
    auto line = PolicyLine::make();
    if (!line) return line.error();
    worker.line = std::move(line->answers);
    auto lister = loader_.task_lister();
    if (!lister) return lister.error();
    if (objects_.empty()) objects_ = loader_.objects();  // with the lister's link
    worker.since_ns = boot_now_ns();
    worker.pid = ::fork();
    if (worker.pid < 0) return Error::from_errno("cannot start a worker");
    if (worker.pid == 0) become_worker(std::move(orders), std::move(line->asks), std::move(*lister));
    worker.end =
        Fd(static_cast<int>(::syscall(SYS_pidfd_open, worker.pid, 0)));  // glibc 2.36 has no C++ header
    if (!worker.end.valid()) {
        const Error error = Error::from_errno("cannot watch the worker");
        ::kill(worker.pid, SIGKILL);
        ::waitpid(worker.pid, nullptr, 0);
        return error;
    }
    return worker;
}

/// Descriptors or memory may be short for a while: events wait in the rings. An Error: the first worker
/// cannot be started, or it is to stop meanwhile.
Result<void> Supervisor::start_worker(int stop_fd) {
    constexpr int kRetryMs = 1000;
    bool is_said = false;
    while (true) {
        auto started = start();
        if (started) {
            worker_ = std::move(*started);
            return {};
        }
        if (predecessor_.sensor.tgid == 0) return started.error();
        if (!std::exchange(is_said, true))
            say(fmt::format("whodid: {}; it is tried again every second\n", started.error().message));
        if (wait_for(stop_fd, kRetryMs)) return started.error();
        tell_service_manager();
    }
}

/// Ends without any destructor: what they would let go of is the supervisor's.
void Supervisor::become_worker(Fd orders, Fd line, Fd lister) const {
    WorkerTask task{options_, hand_over_, {&loader_, std::move(lister), objects_}};
    task.orders_fd = orders.get();
    task.policy_line = std::move(line);
    task.out_fd = around_.out_fd;
    task.status_fd = around_.listeners.status.get();
    task.metrics_fd = around_.listeners.metrics.get();
    task.status_group = around_.listeners.group;
    task.sensor_start_ns = start_ns_;
    task.silent_since_ns = silent_since_ns_;
    task.forensic_since_ns = forensic_since_ns_ ? forensic_since_ns_ : start_ns_;
    task.nonce = nonce_;
    task.predecessor = predecessor_;
    task.supervisor_pid = static_cast<std::uint32_t>(::getppid());
    const auto own = static_cast<std::uint32_t>(::getpid());
    task.state_files = {sensors_.file_of(task.supervisor_pid), sensors_.file_of(own)};
    ::_exit(work(std::move(task)));
}

/// It does nothing, and not because its reader keeps it waiting.
bool Supervisor::hangs() const {
    if (!hand_over_.has_started(static_cast<std::uint32_t>(worker_.pid))) return false;
    if (monotonic_now_ns() < hand_over_.moved_ns() + options_.watchdog_ns) return false;
    pollfd out{around_.out_fd, POLLOUT, 0};
    return around_.out_fd < 0 || !hand_over_.was_writing() || ::poll(&out, 1, 0) != 0;
}

/// For whoever comes after this process, should it be killed.
void Supervisor::note_progress() {
    if (hand_over_.has_started(static_cast<std::uint32_t>(worker_.pid))) silent_since_ns_ = 0;
    sensors_.note_told(
        std::max(silent_since_ns_ != 0 ? silent_since_ns_ : start_ns_, hand_over_.last().told_until_ns));
}

/// Ready: a worker tells events. Alive is the supervisor, which sees to it that a worker is.
void Supervisor::tell_service_manager() {
    const bool has_started = hand_over_.has_started(static_cast<std::uint32_t>(worker_.pid));
    if (has_started) former_.reset();
    Result<void> told;
    if (has_started && !std::exchange(is_ready_, true)) told = around_.notices.ready();
    if (told) told = around_.notices.alive();
    if (!told) spdlog::warn("{}", told.error().message);
}

Supervisor::Wake Supervisor::serve(int stop_fd, int reload_fd, std::uint64_t until_ns) {
    constexpr std::uint64_t kLookNs = 2'000'000'000;
    constexpr std::uint64_t kStartingNs = 500'000'000;  // somebody waits to be told that it is ready
    while (true) {
        const std::uint64_t now = monotonic_now_ns();
        if (now >= until_ns) return Wake::kTime;
        const std::uint64_t wait_ns = std::min(until_ns - now, is_ready_ ? kLookNs : kStartingNs);
        const auto wait_ms = static_cast<int>(wait_ns / 1'000'000 + 1);
        pollfd fds[] = {{worker_.end.get(), POLLIN, 0},
                        {stop_fd, POLLIN, 0},
                        {worker_.line.get(), POLLIN, 0},
                        {reload_fd, POLLIN, 0}};
        if (poll_ready(fds, wait_ms) < 0) continue;
        if (fds[1].revents != 0) return Wake::kStop;
        if (fds[0].revents != 0) return Wake::kEnd;
        if (fds[3].revents != 0) return Wake::kReload;
        if (fds[2].revents & POLLIN) answer_request(worker_.line.get(), loader_);
        if (fds[2].revents & (POLLHUP | POLLERR)) worker_.line = Fd();
        if (hangs()) return Wake::kHang;
        note_progress();
        tell_service_manager();
    }
}

int Supervisor::reap() {
    int status = 0;
    while (::waitpid(worker_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    const auto pid = static_cast<std::uint32_t>(std::exchange(worker_.pid, -1));
    sensors_.forget(pid);
    predecessor_ = {{0, pid, 0}, describe_end(status)};
    if (hand_over_.has_started(pid)) predecessor_.sensor = hand_over_.sensor();
    return status;
}

int Supervisor::end_hung() {
    ::kill(worker_.pid, SIGKILL);
    const int status = reap();
    predecessor_.end =
        fmt::format("did nothing for {} and was killed", format_duration(options_.watchdog_ns));
    return status;
}

/// False: it did not end within kStopNs, and was killed.
bool Supervisor::ends_when_told(char order) {
    (void)!::write(worker_.orders.get(), &order, 1);
    const std::uint64_t until_ns = monotonic_now_ns() + kStopNs;
    Wake wake = Wake::kHang;
    while (wake == Wake::kHang) wake = serve(-1, -1, until_ns);  // it drains, and its pump does not go round
    if (wake != Wake::kEnd) ::kill(worker_.pid, SIGKILL);
    return wake == Wake::kEnd;
}

/// Whoever is to end a service wants its last events: a worker that hangs is killed.
int Supervisor::stop() {
    (void)around_.notices.stopping();
    const bool ended = ends_when_told(kOrderStop);
    const int status = reap();
    if (ended && WIFEXITED(status)) return WEXITSTATUS(status);
    return fail(
        Error{fmt::format("the worker {} did not end within {} s of being told to, or {}: its last events "
                          "are lost",
                          predecessor_.sensor.tgid, kStopNs / 1'000'000'000, predecessor_.end)});
}

void Supervisor::use(RunOptions options) {
    const bool is_same = options.profile == options_.profile && options.forensic_ns == options_.forensic_ns &&
                         options.forensic_reason == options_.forensic_reason;
    if (!is_same) forensic_since_ns_ = boot_now_ns();
    options_ = std::move(options);
}

/// Whether there are options that a worker had started with.
bool Supervisor::goes_back() {
    if (!former_) return false;
    const std::string why = "a worker could not start with it, the one before is in force again";
    hand_over_.reloaded(why, wall_now_ns());
    say(fmt::format("whodid: the configuration: {}\n", why));
    use(std::move(*std::exchange(former_, std::nullopt)));
    return true;
}

/// False: the new options are no good, and those in force stay.
bool Supervisor::leaves_for_new_options(int reload_fd) {
    signalfd_siginfo signal;
    (void)!::read(reload_fd, &signal, sizeof signal);
    auto options = around_.reread();
    hand_over_.reloaded(options ? "" : options.error().message, wall_now_ns());
    if (!options) {
        say(fmt::format("whodid: the configuration stays as it was: {}\n", options.error().message));
        return false;
    }
    RunOptions former = options_;
    use(std::move(*options));
    (void)around_.notices.reloading();
    (void)ends_when_told(kOrderLeave);
    is_ready_ = false;
    former_ = std::move(former);
    return true;
}

/// The exit code when there is to be no other one.
std::optional<int> Supervisor::replace_after(int status, int stop_fd) {
    const bool started = hand_over_.has_started(predecessor_.sensor.tgid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kOk) return kOk;  // nobody reads the events any more
    if (!started && WIFEXITED(status) && WEXITSTATUS(status) != kRuntimeError) return WEXITSTATUS(status);
    const auto pause_ns = respawn_.after(started, boot_now_ns() - worker_.since_ns);
    const std::string what = fmt::format("the worker {} {}", predecessor_.sensor.tgid, predecessor_.end);
    if (!pause_ns)
        return fail(Error{fmt::format("{}, as the {} before it did, before it told anything: given up", what,
                                      Respawn::kUnstartedMax - 1)});
    say(fmt::format("whodid: {}; another one goes on{}\n", what,
                    *pause_ns ? " in " + format_duration(*pause_ns) : ""));
    (void)wait_for(stop_fd, static_cast<int>(*pause_ns / 1'000'000));  // the next one is told to stop, then
    return std::nullopt;
}

int Supervisor::run(int stop_fd, int reload_fd) {
    const int code = supervise(stop_fd, reload_fd);
    if (code != kOk) sensors_.leave_note();
    return code;
}

int Supervisor::supervise(int stop_fd, int reload_fd) {
    while (true) {
        if (worker_.pid < 0)
            if (auto started = start_worker(stop_fd); !started) return fail(started.error());
        const Wake wake = serve(stop_fd, reload_fd, kForever);
        if (wake == Wake::kStop) return stop();
        if (wake == Wake::kReload && !leaves_for_new_options(reload_fd)) continue;
        const int status = wake == Wake::kHang ? end_hung() : reap();
        if (wake == Wake::kReload && status == kOk << 8)
            predecessor_.end = "has left for one that is configured anew";
        else if (!hand_over_.has_started(predecessor_.sensor.tgid) && goes_back())
            continue;
        else if (const auto code = replace_after(status, stop_fd))
            return *code;
    }
}

}  // namespace whodid
