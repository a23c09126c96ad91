// SPDX-License-Identifier: Apache-2.0
// The spool's writer.
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "sink/spool.h"

namespace whodid {

namespace {

/// All of it, or an Error and any part of it.
Result<void> write_all_at(int fd, std::string_view bytes, std::uint64_t at) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return Error{std::strerror(n < 0 ? errno : ENOSPC), n < 0 ? errno : ENOSPC};
        bytes.remove_prefix(static_cast<std::size_t>(n));
        at += static_cast<std::uint64_t>(n);
    }
    return {};
}

std::string_view disk_advice(int code) {
    switch (code) {
        case ENOSPC:
        case EDQUOT:
            return "make room there, or lower the sink's spool.size";
        case EFBIG:
            return "raise the limit of file sizes (ulimit -f)";
        case EROFS:
            return "mount the file system to be written, or name another directory";
        case EMFILE:
            return "raise the limit of descriptors of this process (LimitNOFILE= of its systemd unit, ulimit "
                   "-n)";
        case ENFILE:
            return "raise the limit of descriptors of this machine (sysctl fs.file-max)";
        default:
            return "see what the kernel's log says of that disk";
    }
}

Error not_stored(const std::string& path, const Error& why) {
    return Error{
        fmt::format("cannot write to {}: {}; {}", path, std::strerror(why.code), disk_advice(why.code)),
        why.code};
}

}  // namespace

Result<void> Spool::append(Lane lane, const SpoolRecord& record) {
    const std::lock_guard lock(mutex_);
    LaneState& to = state(lane);
    const SpoolTally tally = SpoolTally::of(record);
    ++counts_.appended;
    if (record.payload.size() > kPayloadMax) {
        lose(record.kind, tally, LossReason::kTooLarge);
        return Error{fmt::format("a record of {} bytes does not go into {}: {} are the most",
                                 record.payload.size(), files_.path(), kPayloadMax),
                     EMSGSIZE};
    }
    if (!to.buffer.empty() && to.buffer.size() + kRecordHeaderBytes + tally.bytes > buffer_bytes_) {
        if (status_) status_ = commit_lane(lane);
        if (!status_) {
            lose(record.kind, tally, LossReason::kNotStored);
            return status_;
        }
    }
    append_record(to.buffer, record, to.next_index++, key_);
    to.buffered[record.kind].add(tally);
    ++counts_.pending_records;
    counts_.pending_bytes += tally.bytes;
    return {};
}

Result<void> Spool::commit() {
    const std::lock_guard lock(mutex_);
    drop_aged();
    status_ = commit_lane(Lane::kVital);
    const auto rest = commit_lane(Lane::kRest);
    if (status_) status_ = rest;
    return status_;
}

Result<void> Spool::commit_lane(Lane which) {
    LaneState& lane = state(which);
    if (lane.buffer.empty()) return {};
    if (!make_room(which, lane.buffer.size() + kSegmentHeaderBytes)) {
        discard_buffer(lane, LossReason::kSize);
        return {};
    }
    if (lane.active.valid() && limits_.segment_bytes != 0 &&
        lane.segments.back().bytes + lane.buffer.size() > limits_.segment_bytes)
        lane.active = Fd();
    if (!lane.active.valid())
        if (auto begun = begin_segment(which); !begun) return begun;
    return write_buffer(lane);
}

Result<void> Spool::begin_segment(Lane which) {
    LaneState& lane = state(which);
    const SegmentName name{which, ++last_number_};
    auto fd = files_.create(name);
    if (!fd) return not_stored(files_.path_of(name.text()), fd.error());
    const auto first = lane.next_index - static_cast<std::uint32_t>(total(lane.buffered).count);
    const auto written = write_all_at(fd->get(), format_segment_header({name.number, which, first, key_}), 0);
    if (!written) {
        files_.remove(name);
        return not_stored(files_.path_of(name.text()), written.error());
    }
    lane.active = std::move(*fd);
    lane.segments.push_back({name, key_, kSegmentHeaderBytes, 0, {}, 0});
    counts_.disk_bytes += kSegmentHeaderBytes;
    has_new_names_ = true;
    return {};
}

/// A part that was written is taken back; where even that fails nothing is written behind it.
Result<void> Spool::write_buffer(LaneState& lane) {
    Segment& segment = lane.segments.back();
    if (const auto written = write_all_at(lane.active.get(), lane.buffer, segment.bytes); !written) {
        if (::ftruncate(lane.active.get(), static_cast<off_t>(segment.bytes)) != 0) lane.active = Fd();
        return not_stored(files_.path_of(segment.name.text()), written.error());
    }
    segment.bytes += lane.buffer.size();
    counts_.disk_bytes += lane.buffer.size();
    segment.newest_boot_ns = static_cast<std::int64_t>(clock_.boot_ns());
    add(segment.pending, std::exchange(lane.buffered, {}));
    lane.buffer.clear();
    return {};
}

void Spool::discard_buffer(LaneState& lane, LossReason why) {
    lane.next_index -= static_cast<std::uint32_t>(total(lane.buffered).count);
    lose_pending(std::exchange(lane.buffered, {}), why);
    lane.buffer.clear();
}

Result<void> Spool::sync() {
    struct Unsynced {
        SegmentName name;
        std::uint64_t bytes;
    };
    std::vector<Unsynced> unsynced;
    bool has_new_names = false;
    {
        const std::lock_guard lock(mutex_);
        for (const LaneState& lane : lanes_)
            for (const Segment& segment : lane.segments)
                if (segment.synced_bytes != segment.bytes) unsynced.push_back({segment.name, segment.bytes});
        has_new_names = std::exchange(has_new_names_, false);
    }
    Result<void> status;
    if (has_new_names) status = files_.sync_names();
    for (const Unsynced& one : unsynced) {
        const auto synced = files_.sync(one.name);
        if (!synced && synced.error().code == ENOENT) continue;  // dropped meanwhile
        if (!synced) {
            status = synced;
            continue;
        }
        const std::lock_guard lock(mutex_);
        for (Segment& segment : state(one.name.lane).segments)
            if (segment.name.number == one.name.number) segment.synced_bytes = one.bytes;
    }
    if (!status) {
        const std::lock_guard lock(mutex_);
        has_new_names_ = has_new_names_ || has_new_names;
    }
    return status;
}

}  // namespace whodid
