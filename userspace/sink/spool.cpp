// SPDX-License-Identifier: Apache-2.0
// The spool's beginning and its limits.
#include "sink/spool.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>

#include "sink/spool_scan.h"

namespace whodid {

namespace {

constexpr std::size_t kSpoolBufferBytes = 4 << 20;  // of each lane
// Of each lane. Every start of the daemon may begin one, so that segments may be small and many.
constexpr std::size_t kSpoolSegments = 4096;

std::uint64_t bounded_segment_bytes(const SpoolLimits& limits) {
    const std::uint64_t most = limits.bytes / 8;
    if (limits.bytes == 0 || (limits.segment_bytes != 0 && limits.segment_bytes < most))
        return limits.segment_bytes;
    return std::max<std::uint64_t>(most, 1);
}

}  // namespace

// ---- what an earlier process left -------------------------------------------------------------------------

Spool::Spool(SpoolFiles files, const SpoolLimits& limits, SpoolClock clock, std::uint32_t key)
    : files_(std::move(files)),
      limits_{limits.bytes, limits.age_ns, bounded_segment_bytes(limits)},
      clock_(std::move(clock)),
      key_(key),
      buffer_bytes_(limits_.segment_bytes == 0
                        ? kSpoolBufferBytes
                        : std::min<std::size_t>(kSpoolBufferBytes, limits_.segment_bytes)) {}

Result<std::unique_ptr<Spool>> Spool::open(const std::string& path, const SpoolLimits& limits,
                                           SpoolClock clock) {
    std::uint32_t key = 0;
    if (::getrandom(&key, sizeof key, 0) != sizeof key)
        return Error::from_errno("no random bytes for " + path);
    auto files = SpoolFiles::open(path);
    if (!files) return files.error();
    std::unique_ptr<Spool> spool(new Spool(std::move(*files), limits, std::move(clock), key));
    if (auto recovered = spool->recover(); !recovered) return recovered.error();
    return spool;
}

Spool::~Spool() { (void)commit(); }

Result<void> Spool::recover() {
    std::vector<std::string> strange;
    const auto names = files_.list(strange);
    if (!names) return names.error();
    for (const std::string& name : strange)
        warnings_.push_back(files_.path_of(name) + " is no part of the spool and left alone");
    for (std::size_t i = 0; i < kLanes; ++i) {
        lanes_[i].acknowledged = files_.position()[i];
        last_number_ = std::max(last_number_, lanes_[i].acknowledged.segment);
    }
    for (const SegmentName& name : *names) {
        last_number_ = std::max(last_number_, name.number);
        if (auto recovered = recover_segment(name); !recovered) return recovered;
    }
    return {};
}

Result<void> Spool::recover_segment(const SegmentName& name) {
    LaneState& lane = state(name.lane);
    const LanePosition& done = lane.acknowledged;
    auto scanned = Result<ScannedSegment>(ScannedSegment{});
    if (name.number >= done.segment)
        scanned = scan_segment(files_, name, name.number == done.segment ? done.offset : 0);
    if (!scanned && scanned.error().code == EPROTONOSUPPORT)
        return Error{scanned.error().message + "; run the newer program, or name another directory",
                     EPROTONOSUPPORT};
    if (!scanned) {
        warnings_.push_back(scanned.error().message + "; it is left alone");
        return {};
    }
    if (scanned->cut_bytes != 0)
        warnings_.push_back(fmt::format("{}: {} bytes at its end are no whole record and cut off",
                                        files_.path_of(name.text()), scanned->cut_bytes));
    const SpoolTally pending = total(scanned->pending);
    counts_.found += pending.count + scanned->damaged;
    if (scanned->damaged != 0)
        lose(0, {scanned->damaged, 0, pending.since_ns, pending.until_ns}, LossReason::kDamaged);
    if (pending.count == 0) {
        files_.remove(name);
        return {};
    }
    const std::uint64_t now = clock_.wall_ns(), age = now - std::min(now, pending.until_ns);
    counts_.pending_records += pending.count;
    counts_.pending_bytes += pending.bytes;
    counts_.disk_bytes += scanned->bytes;
    lane.segments.push_back({name, scanned->key, scanned->bytes, 0, std::move(scanned->pending),
                             static_cast<std::int64_t>(clock_.boot_ns() - age)});
    return {};
}

// ---- limits -----------------------------------------------------------------------------------------------

/// What is of the rest makes no room for itself at the cost of what is vital.
bool Spool::make_room(Lane lane, std::uint64_t bytes) {
    if (state(lane).segments.size() >= kSpoolSegments && !drop_oldest(lane)) return false;
    while (limits_.bytes != 0 && counts_.disk_bytes + bytes > limits_.bytes)
        if (!drop_oldest(Lane::kRest) && !(lane == Lane::kVital && drop_oldest(Lane::kVital))) return false;
    return true;
}

bool Spool::drop_oldest(Lane which) {
    LaneState& lane = state(which);
    if (lane.pinned >= lane.segments.size()) return false;
    erase(lane, lane.pinned, LossReason::kSize);
    return true;
}

void Spool::drop_aged() {
    if (limits_.age_ns == 0) return;
    const auto oldest =
        static_cast<std::int64_t>(clock_.boot_ns()) - static_cast<std::int64_t>(limits_.age_ns);
    for (LaneState& lane : lanes_)
        while (lane.pinned < lane.segments.size() && !lane.segments[lane.pinned].pending.empty() &&
               lane.segments[lane.pinned].newest_boot_ns < oldest)
            erase(lane, lane.pinned, LossReason::kAge);
}

void Spool::erase(LaneState& lane, std::size_t index, LossReason why) {
    if (is_active(lane, lane.segments[index])) lane.active = Fd();
    const Segment& segment = lane.segments[index];
    lose_pending(segment.pending, why);
    counts_.disk_bytes -= segment.bytes;
    files_.remove(segment.name);
    lane.segments.erase(lane.segments.begin() + static_cast<std::ptrdiff_t>(index));
}

void Spool::lose(std::uint16_t kind, const SpoolTally& tally, LossReason why) {
    losses_.add(kind, tally, why);
    (why == LossReason::kDamaged ? counts_.corrupt : counts_.dropped) += tally.count;
}

void Spool::lose_pending(const SpoolTallies& tallies, LossReason why) {
    for (const auto& [kind, tally] : tallies) {
        lose(kind, tally, why);
        counts_.pending_records -= tally.count;
        counts_.pending_bytes -= tally.bytes;
    }
}

std::vector<SpoolLoss> Spool::take_losses() {
    const std::lock_guard lock(mutex_);
    return losses_.take();
}

SpoolCounts Spool::counts() const {
    const std::lock_guard lock(mutex_);
    SpoolCounts counts = counts_;
    std::uint64_t oldest = UINT64_MAX;
    for (const LaneState& lane : lanes_) {
        const auto first = std::find_if(lane.segments.begin(), lane.segments.end(),
                                        [](const Segment& segment) { return !segment.pending.empty(); });
        if (first != lane.segments.end()) oldest = std::min(oldest, total(first->pending).since_ns);
        const SpoolTally buffered = total(lane.buffered);
        if (buffered.count != 0) oldest = std::min(oldest, buffered.since_ns);
        counts.buffered_records += buffered.count;
        counts.buffered_bytes += buffered.bytes;
    }
    counts.oldest_pending_wall_ns = oldest == UINT64_MAX ? 0 : oldest;
    return counts;
}

}  // namespace whodid
