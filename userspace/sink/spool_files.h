// SPDX-License-Identifier: Apache-2.0
// SpoolFiles: the directory of a spool: its lock, its position, its segments by name.
//
//     lock                           held by the process that writes
//     position                       how far delivery is acknowledged
//     vital-0000000000000001.seg     segments: lane and number, see segment.h
//     rest-0000000000000002.seg
//
// The position is there twice, 64 bytes each, and written in turn: of those that hold the one with the higher
// generation counts. One that is too old costs that records are delivered twice.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sink/segment.h"

namespace whodid {

/// In each lane: segments of lower numbers are acknowledged, and of this one all before the offset.
struct LanePosition {
    std::uint64_t segment = 0, offset = 0;
};
using SpoolPosition = std::array<LanePosition, kLanes>;

struct SegmentName {
    Lane lane = Lane::kRest;
    std::uint64_t number = 0;

    std::string text() const;
};

class SpoolFiles {
public:
    /// Makes the directory with mode 0700, its parent must be there; takes the lock and reads the position.
    /// Errors: it is another's, or others may write there; another process holds it; its position is of a
    /// newer format.
    static Result<SpoolFiles> open(const std::string& path);

    /// By number. Names of what is no part of a spool go to `strange`.
    Result<std::vector<SegmentName>> list(std::vector<std::string>& strange) const;

    Result<Fd> create(const SegmentName& name) const;
    /// A regular file; to read, or to change its size too.
    Result<Fd> open_segment(const SegmentName& name, bool for_change = false) const;
    void remove(const SegmentName& name) const;
    /// The file's content is on disk.
    Result<void> sync(const SegmentName& name) const;
    /// The names of all files are on disk.
    Result<void> sync_names() const;

    /// As it was at open().
    const SpoolPosition& position() const { return position_; }
    /// For the next open().
    Result<void> move(const SpoolPosition& position);

    /// "PATH/NAME"
    std::string path_of(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    Result<void> take_lock();
    Result<void> read_position();
    Error failed(const std::string& what, const std::string& name, int code) const;

    std::string path_;
    Fd directory_, lock_, position_file_;
    SpoolPosition position_{};
    std::uint64_t generation_ = 0;
};

}  // namespace whodid
