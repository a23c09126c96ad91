// SPDX-License-Identifier: Apache-2.0
// Segments: the files of a spool, each a header and records that are only ever appended. Their format and
// their reader.
//
//     header    twice, 32 bytes each
//        0   8  "whodid\x1aS"
//        8   8  number of the segment: later ones have higher ones, and none is used again
//       16   2  format, 1
//       18   2  lane: 0 vital, 1 rest
//       20   4  index of the first record
//       24   4  key
//       28   4  CRC-32C of bytes 0 to 27
//     records   to the end of the file
//        0   4  "wSr\x1a"
//        4   4  length of the payload
//        8   4  index: one more than that of the record before
//       12   2  kind
//       14   2  0
//       16   8  wall clock, ns
//       24   4  CRC-32C of the payload
//       28   4  CRC-32C of bytes 0 to 27, going on from the key
//       32      the payload, an encoded event
//
// Numbers are in the machine's own byte order; a spool is not carried to another. Where a record's header
// does not hold, the reader looks for the next that does, at any byte; the index then says how many are
// missing. Payloads hold what people typed, so somebody could put a whole record into one: the key is random
// and in a file of mode 0600, and without it nobody makes a header that is taken for one.
//
// The first 32 bytes keep their form in all formats. Which changes what follows raises the number, and a
// reader that does not know it leaves the spool as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/receiver.h"

namespace whodid {

/// What is to be delivered first after an outage (authentication, sessions, findings), and everything else.
enum class Lane : std::uint16_t { kVital, kRest };
constexpr std::size_t kLanes = 2;

constexpr std::uint16_t kSegmentFormat = 1;
constexpr std::size_t kSegmentHeaderBytes = 64, kRecordHeaderBytes = 32;
constexpr std::size_t kPayloadMax = 1 << 20;

struct SegmentHeader {
    std::uint64_t number = 0;
    Lane lane = Lane::kRest;
    std::uint32_t first_index = 0, key = 0;
};

/// kSegmentHeaderBytes.
std::string format_segment_header(const SegmentHeader& header);

/// Of a file's first kSegmentHeaderBytes. Errors without a name: EBADMSG, it is no segment, or both headers
/// are damaged; EPROTONOSUPPORT, a newer format.
Result<SegmentHeader> parse_segment_header(std::string_view bytes);

/// Appends the record as it lies in a segment. Its payload has at most kPayloadMax bytes.
void append_record(std::string& out, const SpoolRecord& record, std::uint32_t index, std::uint32_t key);

class SegmentReader {
public:
    /// Reads the bytes [from, to) of the file; the descriptor is borrowed. `index`: of the record there.
    SegmentReader(int fd, std::uint32_t key, std::uint64_t from, std::uint64_t to, std::uint32_t index)
        : fd_(fd), key_(key), to_(to), offset_(from), end_(from), accounted_(from), index_(index) {}

    /// The next record that is whole; false after the last. An Error: the file cannot be read.
    Result<bool> next();
    /// Until the next call.
    const SpoolRecord& record() const { return record_; }

    /// Where the last whole record ended.
    std::uint64_t end() const { return end_; }
    /// How many records were passed over because they are damaged; at the end of a file at least so many. One
    /// that is cut off there does not count.
    std::uint64_t damaged() const { return damaged_; }

private:
    Result<std::string_view> view(std::uint64_t offset, std::size_t bytes);
    Result<void> look_further();
    void account(std::uint32_t index);

    int fd_;
    std::uint32_t key_;
    std::uint64_t to_, offset_, end_;
    std::uint64_t accounted_;  // up to here it is known which records there were
    std::uint32_t index_;      // of the record there
    std::uint64_t damaged_ = 0;
    SpoolRecord record_;
    std::string window_;  // of the file, at window_at_
    std::uint64_t window_at_ = 0;
};

}  // namespace whodid
