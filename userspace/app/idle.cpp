// SPDX-License-Identifier: Apache-2.0
// Waiting where there is nothing to watch.
#include "app/idle.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "app/confine.h"
#include "app/exit_code.h"
#include "app/make_sinks.h"
#include "app/observe.h"
#include "app/poll_ready.h"
#include "app/say.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/rights.h"

namespace whodid {

namespace {

constexpr int kLookMs = 1000;
constexpr std::uint64_t kLastSendNs = 5'000'000'000;

Status idle_status(const RunOptions& options, const std::string& why, std::uint64_t start_ns) {
    Status status;
    status.start_boot_ns = start_ns;
    status.start_wall_ns = ClockAnchor::now().wall(start_ns);
    describe_process(status);
    status.config.path = options.config_path;
    status.unserved = why;
    return status;
}

/// Null where nobody may ask, or it could not be started.
std::unique_ptr<StatusServer> serve_idle_status(StatusListeners listeners) {
    if (!listeners.status.valid() && !listeners.metrics.valid()) return nullptr;
    auto server = StatusServer::start(std::move(listeners));
    if (server) return std::move(*server);
    spdlog::error("no status: {}", server.error().message);
    return nullptr;
}

/// It reads no other process, so it needs no right at all.
Result<void> give_up_rights() {
    if (auto kept = keep_rights(0); !kept) return kept;
    return confine(Role::kWorker);
}

}  // namespace

int idle(const RunOptions& options, const std::string& why, Supervisor::Surroundings around, int stop_fd) {
    say(fmt::format("whodid: {}; nothing can be watched here: idle until stopped\n", why));
    if (auto given = give_up_rights(); !given) return fail(given.error());
    auto hand_over = HandOver::make();
    if (!hand_over) return fail(hand_over.error());
    const Stream stream = describe_host(LiveHost());
    const SinkSurroundings surroundings{stream, false, state_directory(options)};
    SinkSet sinks(**hand_over, monotonic_now_ns);
    if (around.out_fd >= 0)
        sinks.add_vital(
            "output", std::nullopt,
            std::make_unique<LinesSink>(around.out_fd, false, line_encoder(LineFormat::kNative, stream)));
    if (auto added = add_sinks(options.sinks, surroundings, sinks); !added) return fail(added.error());
    sinks.open_all();
    PipelineOptions kept;
    kept.filter.everything = true;
    kept.programs = false;
    const LiveHost host;
    Ledger ledger;
    auto pipeline = Pipeline::make(stream, host, ledger, kept, &sinks);
    if (!pipeline) return fail(pipeline.error());
    const auto server = serve_idle_status(std::move(around.listeners));
    Observer observer(idle_status(options, why, stream.sensor_start_ns), sinks, **hand_over,
                      {server.get(), nullptr}, make_metrics_exporters(options.sinks, surroundings));

    (*pipeline)->say(REC_SENSOR_BLIND, fmt::format("version {} can watch nothing here: {}", kVersion, why));
    Result<void> told = around.notices.status("idle: " + why);
    if (told) told = around.notices.ready();
    pollfd stop{stop_fd, POLLIN, 0};
    do {
        if (auto written = (*pipeline)->advance(boot_now_ns()); !written) return fail(written.error());
        observer.look(ledger, **pipeline, nullptr, Moment::kRunning);
        if (told) told = around.notices.alive();
        if (!told) spdlog::warn("{}", told.error().message);
    } while (poll_ready({&stop, 1}, kLookMs) <= 0);
    (void)around.notices.stopping();
    observer.end_exports();
    sinks.close(kLastSendNs);
    return kOk;
}

}  // namespace whodid
