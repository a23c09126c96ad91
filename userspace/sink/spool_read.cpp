// SPDX-License-Identifier: Apache-2.0
// The spool's reader.
#include <algorithm>

#include "sink/spool.h"

namespace whodid {

/// What is to be read of a segment, and what came of it.
struct Spool::Piece {
    SegmentName name;
    std::uint32_t key;
    std::uint64_t from, to;
    std::uint64_t records = 0;
    bool is_done = false;  // read to its end
    bool is_bad = false;   // not all of it are whole records
};

namespace {

/// Waiting changes nothing about these.
bool is_lost_file(int code) { return code == ENOENT || code == EBADMSG || code == ELOOP || code == ENXIO; }

}  // namespace

bool Spool::is_active(const LaneState& lane, const Segment& segment) {
    return lane.active.valid() && &segment == &lane.segments.back();
}

std::uint64_t Spool::begin_of(const LaneState& lane, const Segment& segment) {
    const bool is_begun = lane.acknowledged.segment == segment.name.number;
    return std::max<std::uint64_t>(kSegmentHeaderBytes, is_begun ? lane.acknowledged.offset : 0);
}

Result<SpoolRead> Spool::read(std::size_t records_max, std::size_t bytes_max) {
    while (true) {
        SpoolRead read;
        auto pieces = plan(bytes_max);
        for (Piece& piece : pieces) {
            if (read.records_.size() >= records_max) break;
            const auto taken = read_piece(piece, records_max, bytes_max, read);
            if (!taken && read.records_.empty()) {
                release();
                return taken.error();
            }
            if (!taken || !piece.is_done) break;
        }
        const bool has_changed = take_stock(pieces);
        if (read.records_.empty() && has_changed) continue;
        const char* at = read.payloads_.data();
        for (SpoolRecord& record : read.records_) {
            record.payload = {at, record.payload.size()};
            at += record.payload.size();
        }
        return read;
    }
}

/// The segments that may be in it, which stay until it is known which are.
std::vector<Spool::Piece> Spool::plan(std::size_t bytes_max) {
    const std::lock_guard lock(mutex_);
    for (LaneState& lane : lanes_) {
        lane.pinned = 0;
        retire(lane);
    }
    drop_aged();
    std::vector<Piece> pieces;
    std::uint64_t bytes = 0;
    for (LaneState& lane : lanes_)
        for (const Segment& segment : lane.segments) {
            if (bytes >= bytes_max && !pieces.empty()) return pieces;
            ++lane.pinned;
            const std::uint64_t from = begin_of(lane, segment);
            if (from < segment.bytes) pieces.push_back({segment.name, segment.key, from, segment.bytes});
            bytes += segment.bytes - from;
        }
    return pieces;
}

Result<void> Spool::read_piece(Piece& piece, std::size_t records_max, std::size_t bytes_max,
                               SpoolRead& into) {
    const auto fd = files_.open_segment(piece.name);
    if (!fd && !is_lost_file(fd.error().code)) return fd.error();
    piece.is_done = piece.is_bad = !fd;
    if (!fd) return {};
    SegmentReader reader(fd->get(), piece.key, piece.from, piece.to, 0);
    while (into.records_.size() < records_max) {
        const auto found = reader.next();
        piece.is_done = !found || !*found;
        piece.is_bad = reader.damaged() != 0 || (piece.is_done && reader.end() != piece.to);
        if (piece.is_done) break;
        const SpoolRecord& record = reader.record();
        if (!into.records_.empty() && into.payloads_.size() + record.payload.size() > bytes_max) break;
        into.payloads_.insert(into.payloads_.end(), record.payload.begin(), record.payload.end());
        into.records_.push_back(record);
        into.places_.push_back({piece.name.lane, {piece.name.number, reader.end()}});
        ++piece.records;
    }
    return {};
}

/// Nothing more is written to a segment with damage, and one that holds no whole record any more is dropped.
/// True when it was. Pinned stays what was read.
bool Spool::take_stock(const std::vector<Piece>& pieces) {
    const std::lock_guard lock(mutex_);
    bool has_changed = false;
    for (LaneState& lane : lanes_) lane.pinned = 0;
    for (const Piece& piece : pieces) {
        LaneState& lane = state(piece.name.lane);
        const auto segment =
            std::find_if(lane.segments.begin(), lane.segments.end(),
                         [&](const Segment& one) { return one.name.number == piece.name.number; });
        if (segment == lane.segments.end()) continue;
        const auto index = static_cast<std::size_t>(segment - lane.segments.begin());
        if (piece.is_bad && is_active(lane, *segment)) lane.active = Fd();
        if (piece.records != 0) {
            lane.pinned = index + 1;
        } else if (piece.is_bad && piece.is_done && index == 0 && piece.to == segment->bytes) {
            erase(lane, index, LossReason::kDamaged);
            has_changed = true;
        }
    }
    return has_changed;
}

Result<void> Spool::acknowledge(SpoolRead& read, std::size_t count) {
    SpoolPosition position;
    std::vector<SegmentName> retired;
    {
        const std::lock_guard lock(mutex_);
        for (; read.acknowledged_ < std::min(count, read.records_.size()); ++read.acknowledged_) {
            const SpoolRead::Place& place = read.places_[read.acknowledged_];
            settle(state(place.lane), place, read.records_[read.acknowledged_]);
        }
        for (std::size_t i = 0; i < kLanes; ++i) {
            retire(lanes_[i]);
            if (read.acknowledged_ == read.records_.size()) lanes_[i].pinned = 0;
            position[i] = lanes_[i].acknowledged;
        }
        retired.swap(retired_);
    }
    auto moved = files_.move(position);
    for (const SegmentName& name : retired) files_.remove(name);
    return moved;
}

void Spool::settle(LaneState& lane, const SpoolRead::Place& place, const SpoolRecord& record) {
    if (lane.acknowledged.segment != place.end.segment) {
        lane.acknowledged = {place.end.segment, 0};
        retire(lane);
    }
    lane.acknowledged = place.end;
    ++counts_.acknowledged;
    SpoolTallies& pending = lane.segments.front().pending;
    const auto tally = pending.find(record.kind);
    if (tally == pending.end()) {  // a disk that gave nothing before
        ++counts_.found;
        return;
    }
    --counts_.pending_records;
    counts_.pending_bytes -= record.payload.size();
    tally->second.since_ns = std::max(tally->second.since_ns, record.wall_ns);
    tally->second.bytes -= record.payload.size();
    if (--tally->second.count == 0) pending.erase(tally);
}

/// Segments of which all was read are taken out; what they should have held besides was damaged.
void Spool::retire(LaneState& lane) {
    while (!lane.segments.empty()) {
        const Segment& front = lane.segments.front();
        const bool is_passed = front.name.number < lane.acknowledged.segment;
        const bool is_read = !is_active(lane, front) && begin_of(lane, front) >= front.bytes;
        if (!is_passed && !is_read) return;
        lose_pending(front.pending, LossReason::kDamaged);
        counts_.disk_bytes -= front.bytes;
        retired_.push_back(front.name);
        lane.segments.pop_front();
        lane.pinned -= std::min<std::size_t>(lane.pinned, 1);
    }
}

void Spool::release() {
    const std::lock_guard lock(mutex_);
    for (LaneState& lane : lanes_) lane.pinned = 0;
}

}  // namespace whodid
