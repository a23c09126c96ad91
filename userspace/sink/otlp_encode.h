// SPDX-License-Identifier: Apache-2.0
// OtlpEncoder: an event as an OTLP LogRecord by the field table; requests of such records, and of metrics.
// Messages and field numbers: opentelemetry-proto 1.x, logs/v1, metrics/v1, common/v1, collector/*/v1.
// Fields are written in ascending order, so that the bytes are those of protoc's own encoder.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metric.h"
#include "event/kinds.h"
#include "sink/receiver.h"

namespace whodid {

class OtlpEncoder {
public:
    /// OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT's default. No kind has that many fields: what is left out can
    /// only be some of the exact bytes of texts that are not UTF-8.
    static constexpr std::size_t kAttributesMax = 128;
    using Clock = std::uint64_t (*)();  // wall clock, ns: when the event was observed

    explicit OtlpEncoder(Clock now_ns = wall_now_ns, std::size_t attributes_max = kAttributesMax);

    /// Appends one LogRecord, without the tag and length that it has in a ScopeLogs. The message is the body;
    /// every other field is an attribute of its key, in the table's order, identities as JSON text. Text that
    /// is not UTF-8 is as JsonEncoder has it: readable under its key, exact under "<key>_b64".
    /// Allocation-free once its buffers are warm, except for such text and for the words of messages.
    void append(const Event& event, std::string& out);

private:
    /// The attributes of one snapshot, made once for all of its events that come soon.
    struct Actor {
        std::shared_ptr<const Process> process;  // held, so that its address stays its own
        std::string attributes;
        std::size_t count = 0;
    };
    static constexpr unsigned kActorBits = 6;  // of an index of actors_

    const Actor& actor_of(const Event& event);

    Clock now_ns_;
    std::size_t attributes_max_;
    std::vector<const Field*> common_;
    std::vector<Actor> actors_;  // by address
    Scratch scratch_;
    std::string text_;
};

/// What sends: the resource and the scope of all its requests. An empty member is left out.
struct OtlpSource {
    std::string version, instance_id;  // of the sensor; the instance is a UUID
    std::string host_name, host_id;
    std::string architecture;  // as uname(2) says: "x86_64"
    std::string os_name, os_version, os_description;
    /// Of the resource too. One that is here already is replaced, by an empty value left out.
    std::vector<std::pair<std::string, std::string>> extra;
};

/// The messages Resource and InstrumentationScope.
struct EncodedSource {
    std::string resource, scope;
};

EncodedSource encode_source(const OtlpSource& source);

/// Appends an ExportLogsServiceRequest, which is a LogsData too; nothing for no records.
void append_logs_request(const EncodedSource& source, std::span<const SpoolRecord> records, std::string& out);

/// Appends an ExportMetricsServiceRequest; nothing when no metric has a point. Counters are cumulative since
/// `start_ns`; whole numbers are as_int. Both times are the wall clock's.
void append_metrics_request(const EncodedSource& source, std::span<const Metric> metrics,
                            std::uint64_t start_ns, std::uint64_t now_ns, std::string& out);

}  // namespace whodid
