// SPDX-License-Identifier: Apache-2.0
// LiveCapture: the kernel side, its reader, and the pump that carries records into a pipeline.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/canary.h"
#include "app/pipeline.h"
#include "app/sensors.h"
#include "base/fd.h"
#include "source/loader.h"
#include "source/ring.h"

namespace whodid {

constexpr std::uint64_t kCanaryNs = 30'000'000'000;

struct PumpOptions {
    std::uint64_t duration_ns = 0;        // 0: until stopped
    int stop_fd = -1;                     // readable: stop
    int out_fd = -1;                      // a pipe whose reader is gone: stop, with EPIPE; a file: guarded
    std::uint64_t canary_ns = kCanaryNs;  // how often it proves that it sees
};

class LiveCapture {
public:
    /// Loads, attaches, fills the process table. Errors: see Loader::load.
    static Result<std::unique_ptr<LiveCapture>> start(const LoadOptions& options);

    const Stream& stream() const { return stream_; }
    const Loader& loader() const { return *loader_; }

    /// Called once; outlives the pipeline. Reads until told to stop, the time is over, or the sink takes no
    /// more; then drains everything and brings the ledger up to date. Nothing is detached yet.
    Result<void> pump(Pipeline& pipeline, Ledger& ledger, const PumpOptions& options);

private:
    LiveCapture() = default;
    std::string describe() const;
    Result<void> drain(Pipeline& pipeline);
    void guard_sensors(Pipeline& pipeline, int out_fd);
    void send_canary(Pipeline& pipeline);
    void report_losses(Pipeline& pipeline, std::uint64_t now_ns);

    Stream stream_;
    std::unique_ptr<Loader> loader_;
    std::unique_ptr<RingSource> source_;
    SensorList sensors_;
    Ledger seen_losses_;
    std::uint64_t losses_read_ns_ = 0;
    std::vector<rec_guard> guards_;
    std::optional<Canary> canary_;
};

/// Boot id, host name and machine id of this host.
Stream describe_host(const Host& host);

}  // namespace whodid
