// SPDX-License-Identifier: Apache-2.0
// Answers of OTLP receivers, protobuf and JSON.
#include "sink/otlp_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <protozero/pbf_reader.hpp>

#include "base/escape.h"

namespace whodid {

namespace {

using AnswerJson = nlohmann::json;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

/// As it may be shown, in at most kAnswerTextMax bytes. A character that is cut here is beyond them when it
/// has been escaped, so none is torn.
std::string shown_text(std::string_view text) {
    std::string shown = escape_for_terminal(text.substr(0, kAnswerTextMax + 4));
    if (shown.size() <= kAnswerTextMax) return shown;
    std::size_t end = kAnswerTextMax;
    while ((static_cast<unsigned char>(shown[end]) & 0xc0) == 0x80) --end;
    shown.resize(end);
    return shown;
}

std::string_view text_of(pbf_reader& in) {
    const protozero::data_view view = in.get_view();
    return {view.data(), view.size()};
}

constexpr std::uint32_t text_field(std::uint32_t tag) {
    return protozero::tag_and_type(tag, pbf_wire_type::length_delimited);
}
constexpr std::uint32_t varint_field(std::uint32_t tag) {
    return protozero::tag_and_type(tag, pbf_wire_type::varint);
}

Error not_readable(std::string_view what, std::string_view why) {
    return Error{fmt::format("the receiver's {} cannot be read: {}", what, why), EINVAL};
}

/// What a duration says, at most kRetryAfterMax; 0 where it is negative.
std::uint64_t wait_of(std::int64_t seconds, std::int64_t nanoseconds) {
    if (seconds < 0 || nanoseconds < 0) return 0;
    if (static_cast<std::uint64_t>(seconds) >= kRetryAfterMax / kNsPerSecond) return kRetryAfterMax;
    const auto rest = std::min(static_cast<std::uint64_t>(nanoseconds), kNsPerSecond - 1);
    return static_cast<std::uint64_t>(seconds) * kNsPerSecond + rest;
}

bool is_retry_info(std::string_view type) {
    return type.substr(type.rfind('/') + 1) == "google.rpc.RetryInfo";
}

// ---- protobuf: each throws protozero::exception at what is none -------------------------------------------

/// The last message that is `tag`; empty without one.
std::string_view message_in(std::string_view bytes, std::uint32_t tag) {
    std::string_view found;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
        if (in.tag_and_type() == text_field(tag))
            found = text_of(in);
        else
            in.skip();
    }
    return found;
}

/// Of Export*PartialSuccess: rejected_* 1, error_message 2.
Result<OtlpAnswer> answer_of(std::string_view response) {
    const std::string_view partial_success = message_in(response, 1);
    OtlpAnswer answer;
    std::int64_t rejected = 0;
    pbf_reader in(partial_success.data(), partial_success.size());
    while (in.next()) {
        switch (in.tag_and_type()) {
            case varint_field(1):
                rejected = in.get_int64();
                break;
            case text_field(2):
                answer.message = shown_text(text_of(in));
                break;
            default:
                in.skip();
        }
    }
    if (rejected < 0) return not_readable("answer", "it says that less than nothing was rejected");
    answer.rejected = static_cast<std::uint64_t>(rejected);
    return answer;
}

/// Of google.protobuf.Duration: seconds 1, nanos 2.
std::uint64_t duration_of(std::string_view bytes) {
    std::int64_t seconds = 0, nanoseconds = 0;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
        switch (in.tag_and_type()) {
            case varint_field(1):
                seconds = in.get_int64();
                break;
            case varint_field(2):
                nanoseconds = in.get_int32();
                break;
            default:
                in.skip();
        }
    }
    return wait_of(seconds, nanoseconds);
}

/// google.protobuf.Any: type_url 1, value 2; RetryInfo: retry_delay 1.
void take_detail(std::string_view any, RpcStatus& status) {
    if (!is_retry_info(message_in(any, 1))) return;
    status.has_retry_info = true;
    status.retry_after_ns = duration_of(message_in(message_in(any, 2), 1));
}

/// google.rpc.Status: code 1, message 2, details 3.
RpcStatus status_of(std::string_view bytes) {
    RpcStatus status;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
        switch (in.tag_and_type()) {
            case varint_field(1):
                status.code = in.get_int32();
                break;
            case text_field(2):
                status.message = shown_text(text_of(in));
                break;
            case text_field(3):
                take_detail(text_of(in), status);
                break;
            default:
                in.skip();
        }
    }
    return status;
}

// ---- JSON -------------------------------------------------------------------------------------------------

Result<AnswerJson> json_object(std::string_view body, std::string_view what) {
    if (body.size() > kJsonAnswerMax)
        return not_readable(what, fmt::format("it is {} bytes long", body.size()));
    AnswerJson json = AnswerJson::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object()) return not_readable(what, "it is no JSON object");
    return json;
}

/// Null where there is none, or it is another type.
const AnswerJson* member_of(const AnswerJson& object, const char* key, AnswerJson::value_t type) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found != object.end() && found->type() == type ? &*found : nullptr;
}

std::string_view json_text(const AnswerJson& object, const char* key) {
    const AnswerJson* text = member_of(object, key, AnswerJson::value_t::string);
    return text ? std::string_view(text->get_ref<const std::string&>()) : std::string_view();
}

/// A whole number, or one as text as proto3's mapping has 64-bit ones; nullopt: it is something else.
std::optional<std::int64_t> json_integer(const AnswerJson& value) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (!value.is_string()) return std::nullopt;
    const std::string& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Result<OtlpAnswer> json_answer(std::string_view body, OtlpSignal signal) {
    OtlpAnswer answer;
    if (body.empty()) return answer;
    const Result<AnswerJson> response = json_object(body, "answer");
    if (!response) return response.error();
    const AnswerJson* partial = member_of(*response, "partialSuccess", AnswerJson::value_t::object);
    if (!partial) return answer;
    answer.message = shown_text(json_text(*partial, "errorMessage"));
    const auto found =
        partial->find(signal == OtlpSignal::kLogs ? "rejectedLogRecords" : "rejectedDataPoints");
    if (found == partial->end() || found->is_null()) return answer;
    const auto rejected = json_integer(*found);
    if (!rejected || *rejected < 0) return not_readable("answer", "how many it rejected is no number from 0");
    answer.rejected = static_cast<std::uint64_t>(*rejected);
    return answer;
}

/// "2s", "1.5s": seconds with at most nine decimals. 0 for what is none, and for a negative one.
std::uint64_t json_duration(std::string_view text) {
    if (!text.ends_with('s')) return 0;
    text.remove_suffix(1);
    std::int64_t seconds = 0, nanoseconds = 0;
    const char* const end = text.data() + text.size();
    const auto [point, error] = std::from_chars(text.data(), end, seconds);
    if (error == std::errc::result_out_of_range) return text.starts_with('-') ? 0 : kRetryAfterMax;
    if (error != std::errc()) return 0;
    if (point == end) return wait_of(seconds, 0);
    std::string decimals(point, end);
    if (decimals[0] != '.' || decimals.size() < 2 || decimals.size() > 10) return 0;
    decimals.resize(10, '0');
    const char* const last = decimals.data() + decimals.size();
    if (std::from_chars(decimals.data() + 1, last, nanoseconds).ptr != last) return 0;
    return text.starts_with('-') ? 0 : wait_of(seconds, nanoseconds);
}

Result<RpcStatus> json_status(std::string_view body) {
    RpcStatus status;
    const Result<AnswerJson> json = json_object(body, "status");
    if (!json) return json.error();
    if (const auto found = json->find("code"); found != json->end()) {
        const auto code = json_integer(*found);
        if (code && *code >= INT32_MIN && *code <= INT32_MAX) status.code = static_cast<std::int32_t>(*code);
    }
    status.message = shown_text(json_text(*json, "message"));
    const AnswerJson* details = member_of(*json, "details", AnswerJson::value_t::array);
    if (!details) return status;
    for (const AnswerJson& detail : *details) {
        if (!is_retry_info(json_text(detail, "@type"))) continue;
        status.has_retry_info = true;
        status.retry_after_ns = json_duration(json_text(detail, "retryDelay"));
    }
    return status;
}

}  // namespace

Result<OtlpAnswer> read_otlp_answer(std::string_view body, OtlpEncoding encoding, OtlpSignal signal) {
    if (encoding == OtlpEncoding::kJson) return json_answer(body, signal);
    try {
        return answer_of(body);
    } catch (const protozero::exception& wrong) {
        return not_readable("answer", fmt::format("it is no protobuf: {}", wrong.what()));
    }
}

Result<RpcStatus> read_rpc_status(std::string_view body, OtlpEncoding encoding) {
    if (encoding == OtlpEncoding::kJson) return json_status(body);
    try {
        return status_of(body);
    } catch (const protozero::exception& wrong) {
        return not_readable("status", fmt::format("it is no protobuf: {}", wrong.what()));
    }
}

Result<RpcStatus> read_rpc_status_details(std::string_view base64_text) {
    const auto bytes = from_base64(base64_text);
    if (!bytes) return not_readable("grpc-status-details-bin", "it is no base64");
    return read_rpc_status(*bytes, OtlpEncoding::kProtobuf);
}

}  // namespace whodid
