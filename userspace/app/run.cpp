// SPDX-License-Identifier: Apache-2.0
// whodid run.
#include "app/run.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "app/detach.h"
#include "app/stop.h"
#include "app/supervisor.h"

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

}  // namespace

int run(const RunOptions& options) {
    ::signal(SIGHUP, SIG_IGN);  // a service has no terminal to lose
    if (auto checked = check_profile(options); !checked) return fail_usage(checked.error());
    if (auto checked = check_budget(options); !checked) return fail_usage(checked.error());
    FilterOptions wanted;
    wanted.expressions = options.filters;
    if (auto filter = Filter::compile(wanted, {}); !filter) return fail_usage(filter.error());
    Fd file;
    if (!options.output_path.empty()) {
        auto opened = open_output(options.output_path);
        if (!opened) return fail(opened.error());
        file = std::move(*opened);
    }
    const StopSignals stop;
    auto hand_over = HandOver::make();
    if (!hand_over) return fail(hand_over.error());
    RunOptions roomy = options;
    roomy.load = with_room_to_keep(options.load);
    auto loader = Loader::load(roomy.load);
    if (!loader) return fail(loader.error());
    detach_behind();  // from here on every way to end is quick, SIGKILL too
    Supervisor supervisor(roomy, **loader, **hand_over, file.valid() ? file.get() : STDOUT_FILENO);
    return supervisor.run(stop.fd());
}

}  // namespace whodid
