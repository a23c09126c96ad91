// SPDX-License-Identifier: Apache-2.0
// whodid run.
#include "app/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "app/confine.h"
#include "app/detach.h"
#include "app/idle.h"
#include "app/listener.h"
#include "app/people.h"
#include "app/stop.h"
#include "app/supervisor.h"
#include "app/watch.h"
#include "enrich/seen_programs.h"

namespace whodid {

namespace {

/// Readable too, so that a worker sees whether its predecessor's last line is whole.
Result<Fd> open_output(const std::string& path) {
    constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    Fd file(::open(path.c_str(), kFlags, 0640));
    if (!file.valid()) return Error::from_errno("cannot write " + path);
    return file;
}

/// Records stay in the rings until they are told, which must not wake the reader for each.
LoadOptions with_room_to_keep(LoadOptions load) {
    load.wake_bytes = std::min(load.ring_bytes, load.vital_ring_bytes) / 2;
    return load;
}

/// Everything about everybody is told for a time and a reason, and not by somebody's oversight for ever.
Result<void> check_profile(const RunOptions& options) {
    const bool forensic = options.profile == Profile::kForensic;
    if (forensic && (options.forensic_ns == 0 || options.forensic_reason.empty()))
        return Error{
            "--profile forensic tells everything about everybody: say for how long, and why: "
            "--for 4h --reason TEXT",
            EINVAL};
    if (!forensic && (options.forensic_ns != 0 || !options.forensic_reason.empty()))
        return Error{"--for and --reason go with --profile forensic", EINVAL};
    if (options.forensic_ns > kForensicMaxNs) return Error{"--for: at most 72h", EINVAL};
    return {};
}

/// Who looks into something wants all of it.
Result<void> check_budget(const RunOptions& options) {
    const std::pair<const char*, std::optional<double>> limits[] = {
        {"--max-events", options.max_events_per_s},
        {"--max-bytes", options.max_bytes_per_day},
        {"--max-cpu", options.max_cpu_percent}};
    for (const auto& [name, limit] : limits)
        if (options.profile == Profile::kForensic && limit.value_or(0) > 0)
            return Error{fmt::format("{}: --profile forensic tells everything, whatever it costs: give no "
                                     "limit, or another profile",
                                     name),
                         EINVAL};
    return {};
}

Result<void> check(const RunOptions& options) {
    if (auto checked = check_profile(options); !checked) return checked;
    if (auto checked = check_budget(options); !checked) return checked;
    FilterOptions wanted;
    wanted.expressions = options.filters;
    auto filter = Filter::compile(wanted, {});
    return filter ? Result<void>() : Result<void>(filter.error());
}

/// Readable when SIGHUP has come. Nothing that this process starts has it blocked for good: a worker ignores
/// it.
Result<Fd> hang_ups() {
    sigset_t hang_up;
    ::sigemptyset(&hang_up);
    ::sigaddset(&hang_up, SIGHUP);
    ::sigprocmask(SIG_BLOCK, &hang_up, nullptr);
    ::signal(SIGHUP, SIG_DFL);
    Fd signals(::signalfd(-1, &hang_up, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.valid()) return Error::from_errno("cannot listen to SIGHUP");
    return signals;
}

bool writes_to_stdout(const RunOptions& options) {
    const auto is_stdout = [](const SinkSettings& sink) {
        return sink.type == SinkType::kJsonLines && sink.lines.path == "-";
    };
    return options.sinks.empty() || std::ranges::any_of(options.sinks, is_stdout);
}

/// What a worker would fail on.
Result<void> check_files(const RunOptions& options) {
    if (auto people = read_person_map(options.person_map_path); !people) return people.error();
    if (auto watch = read_watch_list(options.watch_paths); !watch) return watch.error();
    if (options.seen_path.empty()) return {};
    auto seen = SeenPrograms::load(options.seen_path);
    return seen ? Result<void>() : Result<void>(seen.error());
}

/// That nobody can ask is no reason not to see.
StatusListeners listen_for_questions(const RunOptions& options) {
    StatusListeners listeners;
    listeners.group = status_group();
    const auto take = [](Result<Fd> made, Fd& to) {
        if (made)
            to = std::move(*made);
        else
            spdlog::warn("nobody can ask for the status: {}", made.error().message);
    };
    if (!options.status_socket.empty())
        take(listen_on_path(options.status_socket, listeners.group), listeners.status);
    if (!options.metrics_listen.empty())
        take(listen_for_metrics(options.metrics_listen, listeners.group), listeners.metrics);
    return listeners;
}

/// What only another start would change is left as it is, and said.
RereadOptions with_what_stays(const RereadOptions& reread, const RunOptions& first) {
    return [reread, load = first.load, output = first.output_path, status = first.status_socket,
            metrics = first.metrics_listen, to_stdout = writes_to_stdout(first)]() -> Result<RunOptions> {
        auto options = reread();
        if (!options) return options;
        if (auto checked = check(*options); !checked) return checked.error();
        if (auto checked = check_files(*options); !checked) return checked.error();
        LoadOptions stays = load;
        stays.fold_window = options->load.fold_window;
        if (with_room_to_keep(options->load) != stays)
            spdlog::warn("what is configured for the kernel side takes effect at the next start");
        if (options->status_socket != status || options->metrics_listen != metrics)
            spdlog::warn("where the status is served changes with the next start");
        if (output.empty() && writes_to_stdout(*options) != to_stdout)
            return Error{"whether standard output gets events changes with a restart only", EINVAL};
        options->load = stays;
        options->output_path = output;
        return options;
    };
}

}  // namespace

int run(const RunOptions& options, const RereadOptions& reread) {
    ::signal(SIGHUP, SIG_IGN);  // a service has no terminal to lose
    if (auto checked = check(options); !checked) return fail_usage(checked.error());
    Fd file;
    if (!options.output_path.empty()) {
        auto opened = open_output(options.output_path);
        if (!opened) return fail(opened.error());
        file = std::move(*opened);
    }
    auto notices = ServiceNotices::from_environment();
    if (!notices) return fail(notices.error());
    StatusListeners listeners = listen_for_questions(options);
    const StopSignals stop;
    auto hand_over = HandOver::make();
    if (!hand_over) return fail(hand_over.error());
    RunOptions roomy = options;
    roomy.load = with_room_to_keep(options.load);
    Supervisor::Surroundings around;
    around.out_fd = file.valid() ? file.get() : writes_to_stdout(options) ? STDOUT_FILENO : -1;
    around.notices = std::move(*notices);
    around.listeners = std::move(listeners);
    auto loader = Loader::load(roomy.load);
    if (!loader && options.idles && loader.error().code == EOPNOTSUPP)
        return idle(options, loader.error().message, std::move(around), stop.fd());
    if (!loader) return fail(loader.error());
    detach_behind();  // from here on every way to end is quick, SIGKILL too
    if (auto confined = confine(Role::kSupervisor); !confined) return fail(confined.error());
    Fd reload;
    if (reread) {
        auto signals = hang_ups();
        if (!signals) return fail(signals.error());
        reload = std::move(*signals);
    }
    around.reread = with_what_stays(reread, roomy);
    Supervisor supervisor(roomy, **loader, **hand_over, std::move(around));
    return supervisor.run(stop.fd(), reload.valid() ? reload.get() : -1);
}

}  // namespace whodid
