// SPDX-License-Identifier: Apache-2.0
// Spool: encoded events on disk until their receiver has them, in two lanes. What lies there, see segment.h
// and spool_files.h; what is promised, docs/spool.md.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "sink/receiver.h"
#include "sink/segment.h"
#include "sink/settings.h"
#include "sink/spool_files.h"
#include "sink/spool_tally.h"

namespace whodid {

/// 0: no limit.
struct SpoolLimits {
    std::uint64_t bytes = 512ull << 20;        // of all segments together
    std::uint64_t age_ns = 3 * kDayNs;         // of a segment's last record
    std::uint64_t segment_bytes = 8ull << 20;  // at most an eighth of `bytes`; a larger record has one alone
};

struct SpoolClock {
    std::function<std::uint64_t()> wall_ns = wall_now_ns, boot_ns = boot_now_ns;
};

/// Records, since open(): found + appended = acknowledged + dropped + corrupt + pending_records.
struct SpoolCounts {
    std::uint64_t found = 0;     // at open(), corrupt ones included
    std::uint64_t appended = 0;  // those that could not be stored included
    std::uint64_t acknowledged = 0;
    std::uint64_t dropped = 0;  // too many, too old, too large, or the disk took them not
    std::uint64_t corrupt = 0;
    std::uint64_t pending_records = 0, pending_bytes = 0;    // bytes of payloads
    std::uint64_t buffered_records = 0, buffered_bytes = 0;  // of these, not committed yet
    std::uint64_t oldest_pending_wall_ns = 0;                // 0: none is pending
    std::uint64_t disk_bytes = 0;
};

/// Records that were read, until they are acknowledged or released.
class SpoolRead {
public:
    /// Vital ones first.
    const std::vector<SpoolRecord>& records() const { return records_; }

private:
    friend class Spool;
    struct Place {
        Lane lane;
        LanePosition end;
    };
    std::vector<char> payloads_;
    std::vector<SpoolRecord> records_;
    std::vector<Place> places_;
    std::size_t acknowledged_ = 0;
};

/// For two threads: one appends, commits; the other reads, acknowledges, syncs. Anybody may ask for numbers.
/// The reader never makes the writer wait for the disk, but when segments are too old.
class Spool {
public:
    /// Errors: the directory cannot be used (see SpoolFiles::open), or a segment is of a newer format.
    static Result<std::unique_ptr<Spool>> open(const std::string& path, const SpoolLimits& limits,
                                               SpoolClock clock = {});
    /// Commits.
    ~Spool();

    /// What was found at open() and is worth a word to the operator.
    const std::vector<std::string>& warnings() const { return warnings_; }

    /// Buffers a copy; commits by itself when the buffer is full. An Error: this record is lost, and counted.
    Result<void> append(Lane lane, const SpoolRecord& record);
    /// What was appended can be read, and outlives this process. An Error, with errno: the file system does
    /// not take it; it stays in the buffer for the next commit.
    Result<void> commit();
    /// What was committed outlives a power cut.
    Result<void> sync();

    /// The oldest that are not acknowledged, of the vital lane first. At least one where there is any,
    /// however large; until it is acknowledged or released, or the next read, no limit drops it. An Error: it
    /// cannot be read now.
    Result<SpoolRead> read(std::size_t records_max, std::size_t bytes_max);
    /// The first `count` records of it are settled, those of earlier calls included. An Error: after a
    /// restart they are delivered again.
    Result<void> acknowledge(SpoolRead& read, std::size_t count);
    void release();

    SpoolCounts counts() const;
    /// Since the last call, for the stream to declare.
    std::vector<SpoolLoss> take_losses();

private:
    struct Segment {
        SegmentName name;
        std::uint32_t key = 0;
        std::uint64_t bytes = 0, synced_bytes = 0;
        SpoolTallies pending;
        std::int64_t newest_boot_ns = 0;  // when its last record was stored; before this boot: negative
    };
    struct LaneState {
        std::deque<Segment> segments;  // oldest first
        std::size_t pinned = 0;        // segments at the front that are being read
        LanePosition acknowledged;
        Fd active;  // of the last segment; invalid: the next commit begins another
        std::string buffer;
        SpoolTallies buffered;
        std::uint32_t next_index = 0;
    };
    struct Piece;

    Spool(SpoolFiles files, const SpoolLimits& limits, SpoolClock clock, std::uint32_t key);
    LaneState& state(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
    Result<void> recover();
    Result<void> recover_segment(const SegmentName& name);

    Result<void> commit_lane(Lane which);
    Result<void> begin_segment(Lane which);
    Result<void> write_buffer(LaneState& lane);
    void discard_buffer(LaneState& lane, LossReason why);
    bool make_room(Lane lane, std::uint64_t bytes);
    bool drop_oldest(Lane which);
    void drop_aged();
    void erase(LaneState& lane, std::size_t index, LossReason why);
    void lose(std::uint16_t kind, const SpoolTally& tally, LossReason why);
    void lose_pending(const SpoolTallies& tallies, LossReason why);

    std::vector<Piece> plan(std::size_t bytes_max);
    Result<void> read_piece(Piece& piece, std::size_t records_max, std::size_t bytes_max, SpoolRead& into);
    bool take_stock(const std::vector<Piece>& pieces);
    static std::uint64_t begin_of(const LaneState& lane, const Segment& segment);
    static bool is_active(const LaneState& lane, const Segment& segment);
    void settle(LaneState& lane, const SpoolRead::Place& place, const SpoolRecord& record);
    void retire(LaneState& lane);

    SpoolFiles files_;
    const SpoolLimits limits_;
    const SpoolClock clock_;
    const std::uint32_t key_;
    const std::size_t buffer_bytes_;
    std::vector<std::string> warnings_;

    mutable std::mutex mutex_;  // of everything below
    std::array<LaneState, kLanes> lanes_;
    std::uint64_t last_number_ = 0;
    bool has_new_names_ = false;
    Result<void> status_;  // of the last commit
    SpoolCounts counts_;
    SpoolLosses losses_;
    std::vector<SegmentName> retired_;  // to be removed
};

}  // namespace whodid
