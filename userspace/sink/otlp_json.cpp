// SPDX-License-Identifier: Apache-2.0
// OTLP requests from protobuf to JSON, by a table of the messages.
#include "sink/otlp_json.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <span>
#include <utility>

#include "base/escape.h"
#include "base/json_writer.h"

namespace whodid {

namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

enum class OtlpMessage : std::uint8_t {
    kLogsRequest,
    kMetricsRequest,
    kResourceLogs,
    kResourceMetrics,
    kScopeLogs,
    kScopeMetrics,
    kResource,
    kScope,
    kLogRecord,
    kMetric,
    kGauge,
    kSum,
    kNumberPoint,
    kKeyValue,
    kAnyValue,
    kArray,
    kKeyValueList,
};

/// How a field lies in protobuf and stands in JSON.
enum class OtlpShape : std::uint8_t {
    kString,
    kBool,
    kInt64,     // varint, as text
    kNumber,    // varint of 32 bits: uint32 and enumerations
    kFixed32,   // as a number
    kFixed64,   // as text
    kSfixed64,  // as text
    kDouble,
    kBase64,
    kHex,
    kMessage,
};

struct OtlpField {
    std::uint32_t tag;
    std::string_view key;
    OtlpShape shape;
    bool is_list = false;
    OtlpMessage message = {};  // kMessage
};

namespace otlp_table {

using enum OtlpShape;
using M = OtlpMessage;

constexpr OtlpField one(std::uint32_t tag, std::string_view key, OtlpMessage message) {
    return {tag, key, kMessage, false, message};
}
constexpr OtlpField many(std::uint32_t tag, std::string_view key, OtlpMessage message) {
    return {tag, key, kMessage, true, message};
}

constexpr OtlpField kLogsRequestFields[] = {many(1, "resourceLogs", M::kResourceLogs)};
constexpr OtlpField kMetricsRequestFields[] = {many(1, "resourceMetrics", M::kResourceMetrics)};
constexpr OtlpField kResourceLogsFields[] = {
    one(1, "resource", M::kResource), many(2, "scopeLogs", M::kScopeLogs), {3, "schemaUrl", kString}};
constexpr OtlpField kResourceMetricsFields[] = {
    one(1, "resource", M::kResource), many(2, "scopeMetrics", M::kScopeMetrics), {3, "schemaUrl", kString}};
constexpr OtlpField kScopeLogsFields[] = {
    one(1, "scope", M::kScope), many(2, "logRecords", M::kLogRecord), {3, "schemaUrl", kString}};
constexpr OtlpField kScopeMetricsFields[] = {
    one(1, "scope", M::kScope), many(2, "metrics", M::kMetric), {3, "schemaUrl", kString}};
constexpr OtlpField kResourceFields[] = {many(1, "attributes", M::kKeyValue),
                                         {2, "droppedAttributesCount", kNumber}};
constexpr OtlpField kScopeFields[] = {{1, "name", kString},
                                      {2, "version", kString},
                                      many(3, "attributes", M::kKeyValue),
                                      {4, "droppedAttributesCount", kNumber}};
constexpr OtlpField kLogRecordFields[] = {{1, "timeUnixNano", kFixed64},
                                          {11, "observedTimeUnixNano", kFixed64},
                                          {2, "severityNumber", kNumber},
                                          {3, "severityText", kString},
                                          {12, "eventName", kString},
                                          one(5, "body", M::kAnyValue),
                                          many(6, "attributes", M::kKeyValue),
                                          {7, "droppedAttributesCount", kNumber},
                                          {8, "flags", kFixed32},
                                          {9, "traceId", kHex},
                                          {10, "spanId", kHex}};
constexpr OtlpField kMetricFields[] = {{1, "name", kString},
                                       {2, "description", kString},
                                       {3, "unit", kString},
                                       one(5, "gauge", M::kGauge),
                                       one(7, "sum", M::kSum)};
constexpr OtlpField kGaugeFields[] = {many(1, "dataPoints", M::kNumberPoint)};
constexpr OtlpField kSumFields[] = {many(1, "dataPoints", M::kNumberPoint),
                                    {2, "aggregationTemporality", kNumber},
                                    {3, "isMonotonic", kBool}};
constexpr OtlpField kNumberPointFields[] = {many(7, "attributes", M::kKeyValue),
                                            {2, "startTimeUnixNano", kFixed64},
                                            {3, "timeUnixNano", kFixed64},
                                            {4, "asDouble", kDouble},
                                            {6, "asInt", kSfixed64},
                                            {8, "flags", kNumber}};
constexpr OtlpField kKeyValueFields[] = {{1, "key", kString}, one(2, "value", M::kAnyValue)};
constexpr OtlpField kAnyValueFields[] = {
    {1, "stringValue", kString}, {2, "boolValue", kBool},         {3, "intValue", kInt64},
    {4, "doubleValue", kDouble}, one(5, "arrayValue", M::kArray), one(6, "kvlistValue", M::kKeyValueList),
    {7, "bytesValue", kBase64}};
constexpr OtlpField kArrayFields[] = {many(1, "values", M::kAnyValue)};
constexpr OtlpField kKeyValueListFields[] = {many(1, "values", M::kKeyValue)};

std::span<const OtlpField> fields_of(OtlpMessage message) {
    static constexpr std::span<const OtlpField> kFields[] = {
        kLogsRequestFields,  kMetricsRequestFields, kResourceLogsFields, kResourceMetricsFields,
        kScopeLogsFields,    kScopeMetricsFields,   kResourceFields,     kScopeFields,
        kLogRecordFields,    kMetricFields,         kGaugeFields,        kSumFields,
        kNumberPointFields,  kKeyValueFields,       kAnyValueFields,     kArrayFields,
        kKeyValueListFields,
    };
    return kFields[static_cast<std::size_t>(message)];
}

}  // namespace otlp_table

constexpr pbf_wire_type wire_type_of(OtlpShape shape) {
    using enum OtlpShape;
    switch (shape) {
        case kBool:
        case kInt64:
        case kNumber:
            return pbf_wire_type::varint;
        case kFixed32:
            return pbf_wire_type::fixed32;
        case kFixed64:
        case kSfixed64:
        case kDouble:
            return pbf_wire_type::fixed64;
        case kString:
        case kBase64:
        case kHex:
        case kMessage:
            break;
    }
    return pbf_wire_type::length_delimited;
}

std::string_view bytes_of(pbf_reader& in) {
    const protozero::data_view view = in.get_view();
    return {view.data(), view.size()};
}

class OtlpJsonWriter {
public:
    explicit OtlpJsonWriter(std::string& out) : out_(out) {}

    /// Throws protozero::exception at what is no protobuf.
    void message(OtlpMessage what, std::string_view bytes) {
        if (++depth_ > kDepthMax) is_too_deep_ = true;
        out_ += '{';
        bool first = true;
        for (const OtlpField& field : otlp_table::fields_of(what)) member(field, bytes, first);
        out_ += '}';
        --depth_;
    }
    bool is_too_deep() const { return is_too_deep_; }

private:
    /// Values that lie in values, each an AnyValue, an array and so on; requests themselves are 6 deep.
    static constexpr int kDepthMax = 32 * 2 + 6;

    /// A message's fields may lie anywhere, so each is looked for: the JSON has a key once.
    void member(const OtlpField& field, std::string_view bytes, bool& first) {
        if (is_too_deep_) return;
        bool found = false;
        pbf_reader last;
        pbf_reader in(bytes.data(), bytes.size());
        while (in.next()) {
            const bool is_it = in.tag() == field.tag && in.wire_type() == wire_type_of(field.shape);
            if (is_it && field.is_list) {
                if (std::exchange(found, true))
                    out_ += ',';
                else
                    begin(field, first);
                put(field, in);
                continue;
            }
            if (is_it) last = in;
            found |= is_it;
            in.skip();
        }
        if (found && field.is_list) out_ += ']';
        if (!found || field.is_list) return;
        begin(field, first);
        put(field, last);
    }

    void begin(const OtlpField& field, bool& first) {
        if (!std::exchange(first, false)) out_ += ',';
        out_.append(1, '"').append(field.key).append(field.is_list ? "\":[" : "\":");
    }

    void put(const OtlpField& field, pbf_reader& in) {
        using enum OtlpShape;
        switch (field.shape) {
            case kString:
                writer_.text(bytes_of(in));
                break;
            case kBool:
                writer_.boolean(in.get_bool());
                break;
            case kInt64:
                quoted([&] { writer_.integer(in.get_int64()); });
                break;
            case kNumber:
                writer_.number(in.get_uint32());
                break;
            case kFixed32:
                writer_.number(in.get_fixed32());
                break;
            case kFixed64:
                quoted([&] { writer_.number(in.get_fixed64()); });
                break;
            case kSfixed64:
                quoted([&] { writer_.integer(in.get_sfixed64()); });
                break;
            case kDouble:
                real(in.get_double());
                break;
            case kBase64:
                quoted([&] { out_ += base64(bytes_of(in)); });
                break;
            case kHex:
                quoted([&] { hex(bytes_of(in)); });
                break;
            case kMessage:
                message(field.message, bytes_of(in));
                break;
        }
    }

    template <class F>
    void quoted(F write) {
        out_ += '"';
        write();
        out_ += '"';
    }
    /// JSON has no word for what is no number: proto3's mapping gives it texts.
    void real(double value) {
        if (std::isnan(value))
            out_ += "\"NaN\"";
        else if (std::isinf(value))
            out_ += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
        else
            writer_.real(value);
    }
    void hex(std::string_view bytes) {
        for (const char byte : bytes)
            fmt::format_to(std::back_inserter(out_), "{:02x}", static_cast<unsigned char>(byte));
    }

    std::string& out_;
    JsonWriter writer_{out_};  // of single values
    int depth_ = 0;
    bool is_too_deep_ = false;
};

}  // namespace

Result<std::string> to_otlp_json(std::string_view request, OtlpSignal signal) {
    std::string json;
    OtlpJsonWriter out(json);
    try {
        out.message(signal == OtlpSignal::kLogs ? OtlpMessage::kLogsRequest : OtlpMessage::kMetricsRequest,
                    request);
    } catch (const protozero::exception& wrong) {
        return Error{fmt::format("cannot write an OTLP request of {} bytes as JSON: it is no protobuf: {}",
                                 request.size(), wrong.what()),
                     EINVAL};
    }
    if (out.is_too_deep())
        return Error{"cannot write an OTLP request as JSON: its values lie too deep", EINVAL};
    return json;
}

}  // namespace whodid
