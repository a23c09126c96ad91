// SPDX-License-Identifier: Apache-2.0
// A codec for tests of the transport: records that hold an event id alone, and answers in protobuf.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "sink/otlp_codec.h"

namespace whodid::test {

inline std::string varint(std::uint64_t number) {
    std::string out;
    for (; number > 0x7F; number >>= 7) out += static_cast<char>((number & 0x7F) | 0x80);
    return out += static_cast<char>(number);
}
inline std::string number_field(unsigned field, std::uint64_t value) {
    return varint(field << 3) + varint(value);
}
inline std::string bytes_field(unsigned field, std::string_view value) {
    return (varint(field << 3 | 2) + varint(value.size())).append(value);
}

inline std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        number |= std::uint64_t{byte & 0x7Fu} << shift;
        if (byte < 0x80) return number;
    }
    return std::nullopt;
}

/// The fields of a message that has numbers and bytes alone, each once; nullopt: it is none.
struct Fields {
    std::map<std::uint64_t, std::uint64_t> numbers;
    std::map<std::uint64_t, std::string_view> bytes;
};
inline std::optional<Fields> read_fields(std::string_view message) {
    Fields fields;
    while (!message.empty()) {
        const auto tag = take_varint(message);
        const auto value = tag ? take_varint(message) : std::nullopt;
        if (!value || (*tag & 7) == 1 || (*tag & 7) > 2) return std::nullopt;
        if ((*tag & 7) == 0) {
            fields.numbers[*tag >> 3] = *value;
            continue;
        }
        if (*value > message.size()) return std::nullopt;
        fields.bytes[*tag >> 3] = message.substr(0, *value);
        message.remove_prefix(*value);
    }
    return fields;
}

/// ExportLogsServiceRequest: a record for each payload, which is its attribute event.id.
inline void append_request(std::span<const SpoolRecord> records, std::string& out) {
    std::string logs;
    for (const SpoolRecord& record : records)
        logs += bytes_field(
            2, bytes_field(6, bytes_field(1, "event.id") + bytes_field(2, bytes_field(1, record.payload))));
    out += bytes_field(1, bytes_field(2, logs));
}

inline std::string response(std::uint64_t rejected, std::string_view message) {
    return bytes_field(1, (rejected ? number_field(1, rejected) : "") + bytes_field(2, message));
}
inline std::optional<OtlpCodec::Response> read_response(std::string_view body) {
    const auto whole = read_fields(body);
    const auto partial =
        whole ? read_fields(whole->bytes.contains(1) ? whole->bytes.at(1) : "") : std::nullopt;
    if (!partial) return std::nullopt;
    OtlpCodec::Response read;
    if (partial->numbers.contains(1)) read.rejected = partial->numbers.at(1);
    if (partial->bytes.contains(2)) read.message = partial->bytes.at(2);
    return read;
}

inline std::string status(std::uint64_t code, std::string_view message) {
    return number_field(1, code) + bytes_field(2, message);
}
/// Of a RetryInfo whole seconds, where it is the only detail.
inline std::optional<OtlpCodec::Status> read_status(std::string_view body) {
    const auto whole = read_fields(body);
    if (!whole) return std::nullopt;
    OtlpCodec::Status read;
    if (whole->numbers.contains(1)) read.code = static_cast<int>(whole->numbers.at(1));
    if (whole->bytes.contains(2)) read.message = whole->bytes.at(2);
    if (!whole->bytes.contains(3)) return read;
    const auto any = read_fields(whole->bytes.at(3));
    const auto info = any && any->bytes.contains(2) ? read_fields(any->bytes.at(2)) : std::nullopt;
    const auto delay = info && info->bytes.contains(1) ? read_fields(info->bytes.at(1)) : std::nullopt;
    if (delay && delay->numbers.contains(1)) read.retry_after_ns = delay->numbers.at(1) * 1'000'000'000;
    return read;
}

inline OtlpCodec id_codec() {
    OtlpCodec codec;
    codec.make_logs_request = append_request;
    codec.make_metrics_request = [](std::span<const Metric> metrics, std::string& out) {
        for (const Metric& metric : metrics) out += bytes_field(1, metric.name);
    };
    codec.read_response = read_response;
    codec.read_status = read_status;
    codec.read_status_details = [](std::string_view base64) -> std::optional<OtlpCodec::Status> {
        const auto bytes = from_base64(base64);
        return bytes ? read_status(*bytes) : std::nullopt;
    };
    return codec;
}

/// Records with these ids, which it borrows.
inline std::vector<SpoolRecord> records_of(const std::vector<std::string>& ids) {
    std::vector<SpoolRecord> records;
    records.reserve(ids.size());
    for (const std::string& id : ids) records.push_back({id, 0, 0});
    return records;
}

}  // namespace whodid::test
