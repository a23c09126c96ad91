// SPDX-License-Identifier: Apache-2.0
// What an earlier process has left in a segment.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "sink/segment.h"
#include "sink/spool_files.h"
#include "sink/spool_tally.h"

namespace whodid {

struct ScannedSegment {
    std::uint32_t key = 0;
    std::uint64_t bytes = 0;      // up to the end of the last whole record
    std::uint64_t cut_bytes = 0;  // what came after it
    SpoolTallies pending;         // whole records behind what is acknowledged
    std::uint64_t damaged = 0;    // records there that are not
};

/// Reads it all. What is behind the last whole record is cut off. Errors: EPROTONOSUPPORT, a newer format;
/// else it is no segment, or cannot be read.
Result<ScannedSegment> scan_segment(const SpoolFiles& files, const SegmentName& name,
                                    std::uint64_t acknowledged_offset);

}  // namespace whodid
