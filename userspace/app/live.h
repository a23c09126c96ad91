// SPDX-License-Identifier: Apache-2.0
// LiveCapture: the kernel side, its reader, and the pump that carries records into a pipeline.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/backlog.h"
#include "app/canary.h"
#include "app/hand_over.h"
#include "app/pipeline.h"
#include "app/sensors.h"
#include "base/fd.h"
#include "source/fold_table.h"
#include "source/loader.h"
#include "source/ring.h"

namespace whodid {

constexpr std::uint64_t kCanaryNs = 30'000'000'000, kHeartbeatNs = 60'000'000'000;

/// Who read the rings before this process, and died. Number 0: nobody.
struct Predecessor {
    rec_guard sensor{};  // start 0: it did not come far
    std::string end;     // "was killed by SIGKILL"
};

/// Of a pump. When it stops, the event that says so is told after that.
enum class Moment { kRunning, kLeaving, kStopping };

struct PumpOptions {
    std::uint64_t duration_ns = 0;          // 0: until stopped
    int stop_fd = -1;                       // readable, or its other end gone: stop
    int out_fd = -1;                        // a pipe whose reader is gone: stop, with EPIPE; a file: guarded
    std::uint64_t canary_ns = kCanaryNs;    // how often it proves that it sees
    FoldWindow fold_window = {};            // see FoldTable
    std::uint64_t heartbeat_ns = 0;         // how often it says that it is there; 0: never
    std::vector<GuardedFile> guarded = {};  // more files; which they are is looked up
    std::string nonce = {};                 // of the canary; empty: made up
    Predecessor predecessor = {};
    std::uint64_t silent_since_ns = 0;    // a sensor died, and nobody has told anything since; 0: none did
    std::string profile = {};             // for the first event; empty: none
    std::string budget = {};              // the same
    std::uint64_t forensic_until_ns = 0;  // since boot: then profile standard; 0: never
    std::string forensic_reason = {};
    std::function<std::string()> stop_reason =
        {};                             // asked at the end, for the last event; null: none to tell
    std::function<bool()> leaves = {};  // asked when stopped: whether somebody else goes on; null: nobody
    /// Called by the pump at its beginning, then at most once a second, also while nothing happens, and at
    /// its end: the ledger so far, the kernel's columns as they were last read. May be null.
    std::function<void(const Ledger&, Pipeline&, Moment)> each_second = {};
};

enum class PumpEnd { kClosed, kLeft };

/// What a reader is given of a kernel side that somebody else has loaded.
struct KernelLease {
    KernelSide* side = nullptr;         // outlives the reader
    Fd task_lister;                     // see list_tasks
    std::vector<KernelObject> objects;  // guarded, beside the policy's map
};

class LiveCapture {
public:
    /// Loads and attaches. Errors: see Loader::load.
    static Result<std::unique_ptr<LiveCapture>> start(const LoadOptions& options);
    /// Reads what is loaded, from where a predecessor left off. `keep_bytes`: so much of each ring is left in
    /// place for a successor.
    static Result<std::unique_ptr<LiveCapture>> take_over(KernelLease lease, HandOver& hand_over,
                                                          std::uint64_t keep_bytes);

    Stream& stream() { return stream_; }
    std::vector<RingUse> rings() const { return source_->uses(); }
    /// Acts that the kernel side counts instead of telling.
    TableSize folds() const { return folds_.table_size(); }

    /// Called once; outlives the pipeline. Reads until told to stop, the time is over, or the sink takes no
    /// more; then drains everything and brings the ledger up to date. Nothing is detached yet. Who took over,
    /// and is told to leave, tells what there is and leaves the kernel side to its successor. An Error of its
    /// sink, but EPIPE, leaves all as it is, for a successor too.
    Result<PumpEnd> pump(Pipeline& pipeline, Ledger& ledger, const PumpOptions& options);

private:
    LiveCapture() = default;
    std::string describe(const Predecessor& predecessor) const;
    Result<void> begin(Pipeline& pipeline, Ledger& ledger);
    Result<void> read_backlog(Backlog& backlog, Ledger& ledger);
    void say_lost(Pipeline& pipeline, const Lost& lost, const Checkpoint& from);
    Result<bool> tell(Pipeline& pipeline, const Ledger& ledger, std::uint64_t until_boot_ns);
    Result<bool> run(Pipeline& pipeline, Ledger& ledger);
    Result<PumpEnd> close(Pipeline& pipeline, Ledger& ledger);
    Result<PumpEnd> leave(Pipeline& pipeline, Ledger& ledger);
    std::uint64_t due_ns(std::uint64_t end_ns) const;
    int sleep_ms(Pipeline& pipeline, std::uint64_t end_ns);
    void housekeep(Pipeline& pipeline, const Ledger& ledger, std::uint64_t now_ns);
    Ledger with_kernel(const Ledger& ledger) const;
    void drain(Pipeline& pipeline);
    void put_policy(Pipeline& pipeline);
    void send_canary(Pipeline& pipeline);
    void report_losses(Pipeline& pipeline, std::uint64_t now_ns);
    void commit(const Ledger& ledger, std::uint64_t told_until_ns, const Pipeline::Numbers& numbers);

    Stream stream_;
    std::unique_ptr<Loader> loader_;  // null for one who took over
    KernelLease kernel_;
    std::unique_ptr<RingSource> source_;
    FoldTable folds_;
    HandOver* hand_over_ = nullptr;
    PumpOptions options_;
    SensorList sensors_;
    KindCounts taken_{};
    Ledger seen_losses_;
    std::uint64_t listed_until_ns_ = 0, losses_read_ns_ = 0, heartbeat_due_ns_ = 0, second_due_ns_ = 0;
    std::vector<rec_guard> guards_;
    rec_gate gate_{};  // in force, but for what is spared
    std::optional<Canary> canary_;
};

/// Boot id, host name and machine id of this host.
Stream describe_host(const Host& host);

}  // namespace whodid
