// SPDX-License-Identifier: Apache-2.0
// EventFiles: events as lines to a directory: two series of files, `vital` (who got in, who became whom, what
// the sensor says of itself) and `events`, that are sealed, rotated, compressed and removed in their time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/worker.h"
#include "sink/closed_files.h"
#include "sink/event_series.h"
#include "sink/losses.h"
#include "sink/settings.h"
#include "sink/sink.h"

namespace whodid {

/// Whether an event's file is kept longer.
bool is_vital(const Kind& kind);

struct EventFilesOptions {
    std::string directory;  // there; its owner's
    std::string key_path;   // of the seals' key, made where there is none; unused without seals
    JsonLinesSettings settings;
    std::function<void(const Event&, std::string&)> encode;  // appends one line without a newline
    std::function<void(std::string)> say;                    // what was removed, repaired or failed
    std::function<std::uint64_t()> now_ns;                   // wall clock
};

class EventFiles : public Sink {
public:
    /// Errors: there is no such directory, another process writes there, the key cannot be read or made.
    static Result<std::unique_ptr<EventFiles>> open(EventFilesOptions options);
    /// The files stay open for a successor that goes on with them; close() seals them.
    ~EventFiles() override = default;

    /// What was taken is in the files when this returns. An error of the disk is none of the caller's: its
    /// events are counted as losses, and once a second it is tried again.
    Result<std::uint64_t> write(const Batch& batch) override;
    Result<void> tick() override;
    Result<void> flush() override { return {}; }

    /// Seals both files, destroys the key that did and compresses them: at a clean end.
    Result<void> seal();
    void close(std::uint64_t patience_ns) override;

    std::vector<SinkLoss> take_losses() override { return losses_.take(); }
    SinkCounts counts() const override { return counts_; }
    std::uint64_t removed_files() const { return removed_files_; }

private:
    struct Part {
        EventSeries series;
        std::string lines;           // of this batch
        std::uint64_t retry_ns = 0;  // not before; 0: it can be written to
        bool is_close_failing = false;
        std::uint64_t lost_before = 0;  // of all losses, when that began
    };

    EventFiles(EventFilesOptions options, Fd lock, const SealKey& saved_key);
    void encode(const Batch& batch);
    std::uint64_t deliver(Part& part, const Batch& batch, std::uint64_t now_ns);
    Result<void> put(Part& part, std::uint64_t now_ns);
    void rotate_when_due(Part& part, std::uint64_t now_ns);
    void lose(Part& part, const Batch& batch);
    void stall(Part& part, const Error& why, std::uint64_t now_ns);
    void resume(Part& part);
    void do_what_is_due(std::uint64_t now_ns);
    ClosedFiles::Order order(std::uint64_t now_ns) const;
    void take(const ClosedFiles::Report& report);
    Part& part_of(const Event& event) { return parts_[is_vital(*event.kind) ? 0 : 1]; }

    EventFilesOptions options_;
    Fd lock_;
    SealKey key_;
    std::array<Part, 2> parts_;
    Losses losses_;
    SinkCounts counts_;
    std::uint64_t removed_files_ = 0;
    std::uint64_t swept_ns_ = 0, synced_ns_ = 0;
    bool is_sweep_due_ = true;
    ClosedFiles closed_;  // the worker's
    std::unique_ptr<Worker<ClosedFiles::Order, ClosedFiles::Report>> worker_;
};

}  // namespace whodid
