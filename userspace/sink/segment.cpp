// SPDX-License-Identifier: Apache-2.0
// Segments: what is written, and reading past damage.
#include "sink/segment.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace whodid {

namespace {

constexpr std::string_view kSegmentMagic("whodid\x1aS", 8);
constexpr std::string_view kRecordMagic("wSr\x1a", 4);
constexpr std::size_t kChecked = 28;                    // bytes of either header that its CRC is of
constexpr std::size_t kSegmentWindowBytes = 128 << 10;  // that are read at once

struct SegmentHead {
    char magic[8];
    std::uint64_t number;
    std::uint16_t format, lane;
    std::uint32_t first_index, key, crc;
};
static_assert(sizeof(SegmentHead) * 2 == kSegmentHeaderBytes && offsetof(SegmentHead, crc) == kChecked);

struct RecordHead {
    char magic[4];
    std::uint32_t length, index;
    std::uint16_t kind, reserved;
    std::uint64_t wall_ns;
    std::uint32_t payload_crc, crc;

    std::uint32_t check(std::uint32_t key) const {
        return crc32c({reinterpret_cast<const char*>(this), kChecked}, key);
    }
    bool holds(std::uint32_t key) const {
        return std::memcmp(magic, kRecordMagic.data(), sizeof magic) == 0 && length <= kPayloadMax &&
               check(key) == crc;
    }
};
static_assert(sizeof(RecordHead) == kRecordHeaderBytes && offsetof(RecordHead, crc) == kChecked);

template <class T>
std::string_view head_bytes(const T& head) {
    return {reinterpret_cast<const char*>(&head), sizeof head};
}

Result<SegmentHeader> parse_segment_head(std::string_view bytes) {
    SegmentHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (!bytes.starts_with(kSegmentMagic)) return Error{"it is no segment of a spool", EBADMSG};
    if (crc32c(bytes.substr(0, kChecked)) != head.crc) return Error{"its header is damaged", EBADMSG};
    if (head.format != kSegmentFormat)
        return Error{"it is of format " + std::to_string(head.format) + ", this program knows " +
                         std::to_string(kSegmentFormat),
                     EPROTONOSUPPORT};
    if (head.lane >= kLanes) return Error{"its header names no lane", EBADMSG};
    return SegmentHeader{head.number, Lane{head.lane}, head.first_index, head.key};
}

}  // namespace

std::string format_segment_header(const SegmentHeader& header) {
    SegmentHead head{{},
                     header.number,
                     kSegmentFormat,
                     static_cast<std::uint16_t>(header.lane),
                     header.first_index,
                     header.key,
                     0};
    std::memcpy(head.magic, kSegmentMagic.data(), sizeof head.magic);
    head.crc = crc32c(head_bytes(head).substr(0, kChecked));
    std::string text(head_bytes(head));
    return text + text;
}

Result<SegmentHeader> parse_segment_header(std::string_view bytes) {
    if (bytes.size() < kSegmentHeaderBytes) return Error{"it is too short", EBADMSG};
    auto first = parse_segment_head(bytes.substr(0, sizeof(SegmentHead)));
    if (first || first.error().code != EBADMSG) return first;
    auto second = parse_segment_head(bytes.substr(sizeof(SegmentHead), sizeof(SegmentHead)));
    return second || second.error().code != EBADMSG ? second : first;
}

void append_record(std::string& out, const SpoolRecord& record, std::uint32_t index, std::uint32_t key) {
    RecordHead head{};
    std::memcpy(head.magic, kRecordMagic.data(), sizeof head.magic);
    head.length = static_cast<std::uint32_t>(record.payload.size());
    head.index = index;
    head.kind = record.kind;
    head.wall_ns = record.wall_ns;
    head.payload_crc = crc32c(record.payload);
    head.crc = head.check(key);
    out.append(head_bytes(head)).append(record.payload);
}

Result<bool> SegmentReader::next() {
    while (to_ - offset_ >= kRecordHeaderBytes) {
        const auto start = view(offset_, kRecordHeaderBytes);
        if (!start) return start.error();
        if (start->size() < kRecordHeaderBytes) break;
        RecordHead head;
        std::memcpy(&head, start->data(), sizeof head);
        if (!head.holds(key_)) {
            if (const auto looked = look_further(); !looked) return looked.error();
            continue;
        }
        account(head.index);
        const std::size_t size = kRecordHeaderBytes + head.length;
        if (to_ - offset_ < size) return false;  // cut off
        const auto whole = view(offset_, size);
        if (!whole) return whole.error();
        if (whole->size() < size) break;
        offset_ = accounted_ = offset_ + size;
        index_ = head.index + 1;
        record_ = {whole->substr(kRecordHeaderBytes), head.kind, head.wall_ns};
        if (crc32c(record_.payload) == head.payload_crc) {
            end_ = offset_;
            return true;
        }
        ++damaged_;
    }
    if (to_ - accounted_ >= kRecordHeaderBytes) ++damaged_;
    offset_ = accounted_ = to_;
    return false;
}

/// Before the record at offset_ there may be damage.
void SegmentReader::account(std::uint32_t index) {
    const std::uint64_t room = (offset_ - accounted_) / kRecordHeaderBytes;
    damaged_ += std::min<std::uint64_t>(index - index_, room);
    accounted_ = offset_;
    index_ = index;
}

/// To the next place where a record may begin.
Result<void> SegmentReader::look_further() {
    for (++offset_; to_ - offset_ >= kRecordHeaderBytes;) {
        const auto bytes = view(offset_, std::min<std::uint64_t>(kSegmentWindowBytes, to_ - offset_));
        if (!bytes) return bytes.error();
        const std::size_t at = bytes->find(kRecordMagic);
        if (at != bytes->npos || bytes->size() < kRecordMagic.size()) {
            offset_ = at != bytes->npos ? offset_ + at : to_;
            return {};
        }
        offset_ += bytes->size() - (kRecordMagic.size() - 1);
    }
    return {};
}

/// Fewer bytes where the file has become shorter.
Result<std::string_view> SegmentReader::view(std::uint64_t offset, std::size_t bytes) {
    if (offset < window_at_ || offset + bytes > window_at_ + window_.size()) {
        window_.resize(std::min<std::uint64_t>(std::max(bytes, kSegmentWindowBytes), to_ - offset));
        window_at_ = offset;
        std::size_t have = 0;
        while (have < window_.size()) {
            const ssize_t n =
                ::pread(fd_, window_.data() + have, window_.size() - have, static_cast<off_t>(offset + have));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return Error{std::strerror(errno), errno};
            if (n == 0) break;
            have += static_cast<std::size_t>(n);
        }
        window_.resize(have);
    }
    return std::string_view(window_).substr(offset - window_at_, bytes);
}

}  // namespace whodid
