// SPDX-License-Identifier: Apache-2.0
// Events into an outbox.
#include "app/otlp_sink.h"

#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <utility>

#include "app/version.h"
#include "base/hash.h"
#include "sink/event_files.h"

namespace whodid {

namespace {

/// A UUID of the form that RFC 9562 has for what is made of a hash (version 8).
std::string uuid_of(const Id128& id) {
    std::string hex = id.hex();
    hex[12] = '8';
    hex[16] = "89ab"[id.low >> 62];
    for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, "-");
    return hex;
}

}  // namespace

OtlpSource otlp_source(const Stream& stream, const OtlpSettings& settings) {
    OtlpSource source;
    source.version = kVersion;
    source.instance_id = uuid_of(hash_numbers(stream.boot, {stream.sensor_start_ns}));
    source.host_name = stream.host_name;
    source.host_id = stream.host_id;
    source.architecture = stream.architecture;
    utsname name{};
    if (::uname(&name) == 0) source.os_version = name.release;
    source.extra = settings.resource;
    return source;
}

OtlpSink::OtlpSink(std::string name, std::unique_ptr<Outbox> outbox)
    : name_(std::move(name)), outbox_(std::move(outbox)) {
    for (const std::string& warning : outbox_->warnings()) spdlog::warn("sink {}: {}", name_, warning);
}

/// Said when it begins and when it is over. What could not be stored is among the losses.
void OtlpSink::note(const Result<void>& stored) {
    const bool was_stuck = std::exchange(is_stuck_, !stored);
    if (!stored && !was_stuck) spdlog::error("sink {}: {}", name_, stored.error().message);
    if (stored && was_stuck) spdlog::warn("sink {}: it takes events again", name_);
}

Result<std::uint64_t> OtlpSink::write(const Batch& batch) {
    std::uint64_t bytes = 0;
    for (const Event& event : batch.events) {
        payload_.clear();
        encoder_.append(event, payload_);
        bytes += payload_.size();
        const Lane lane = is_vital(*event.kind) ? Lane::kVital : Lane::kRest;
        (void)outbox_->append(lane, {payload_, event.kind->id, event.wall_ns});  // its error is commit's too
    }
    note(outbox_->commit());
    return bytes;
}

/// What waits for room in the spool is tried again.
Result<void> OtlpSink::tick() {
    if (is_stuck_) note(outbox_->commit());
    return {};
}

/// Said when it begins and when it is over, too.
void OtlpSink::note_far_end() {
    const OutboxStats stats = outbox_->stats();
    const bool was_failing = std::exchange(is_failing_, stats.is_failing);
    if (is_failing_ && !was_failing) spdlog::warn("sink {}: {}", name_, stats.last_error);
    if (!is_failing_ && was_failing) spdlog::warn("sink {}: its receiver takes events again", name_);
}

std::vector<SinkLoss> OtlpSink::take_losses() {
    note_far_end();
    std::vector<SinkLoss> losses;
    for (const SpoolLoss& loss : outbox_->take_losses())
        losses.push_back({loss.kind, loss.count, loss.since_ns, loss.until_ns, std::string(loss.why)});
    return losses;
}

SinkCounts OtlpSink::counts() const {
    const OutboxStats stats = outbox_->stats();
    SinkCounts counts;
    counts.taken = stats.accepted;
    counts.found = stats.found;
    counts.written = stats.written;
    counts.rejected = stats.rejected + stats.failed;
    counts.dropped = stats.dropped + stats.corrupt;
    counts.pending = stats.pending_records;
    counts.pending_bytes = stats.pending_bytes;
    counts.oldest_pending_ns = stats.oldest_pending_wall_ns;
    counts.failures = stats.retries;
    counts.last_error = stats.last_error;
    counts.last_error_ns = stats.last_error_wall_ns;
    counts.is_down = is_stuck_ || stats.is_failing;
    return counts;
}

}  // namespace whodid
