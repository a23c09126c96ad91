// SPDX-License-Identifier: Apache-2.0
// The tables of OTLP/HTTP and OTLP/gRPC.
#include "sink/otlp_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>
#include <string>

#include "base/ascii.h"
#include "base/escape.h"
#include "sink/grpc_frame.h"
#include "sink/percent.h"

namespace whodid {
namespace {

using What = Outcome::What;

constexpr std::uint64_t kRetrySecondNs = 1'000'000'000;
// What a receiver of gRPC takes at most unless it was told otherwise.
constexpr std::size_t kGrpcMessageBytesUsual = 4u << 20;
constexpr std::size_t kSaidColumns = 300;

/// Text of the receiver's, in one line.
std::string said(std::string_view text) { return cut_middle(escape_for_terminal(text), kSaidColumns); }

std::optional<std::uint64_t> http_date_ns(const std::string& text) {
    constexpr const char* kForms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                      "%a %b %d %H:%M:%S %Y"};
    for (const char* form : kForms) {
        std::tm date{};
        const char* end = ::strptime(text.c_str(), form, &date);
        if (!end || *end != '\0' || text.find('\0') != text.npos) continue;
        const std::time_t seconds = ::timegm(&date);
        return seconds <= 0 ? 0 : static_cast<std::uint64_t>(seconds) * kRetrySecondNs;
    }
    return std::nullopt;
}

Outcome without_answer(const HttpAnswer& answer, std::string_view where) {
    if (answer.what == HttpAnswer::What::kTooMuch)
        return {What::kRefused, 0, 0,
                fmt::format(
                    "{} answers {} with more than {} MiB, or {} KiB of headers: check that it is a receiver "
                    "of OTLP",
                    where, answer.status, kAnswerBytesMax >> 20, kAnswerHeaderBytesMax >> 10)};
    return {What::kRetry, 0, 0, fmt::format("no answer from {}: {}", where, answer.why), answer.is_late};
}

/// What is taken although its answer cannot be read: the status says so. Sending again would double records.
Outcome taken_unread(std::string_view where, std::string_view why) {
    return {What::kTaken, 0, 0,
            fmt::format(
                "{} takes records, but its answer cannot be read ({}): check that it is a receiver of OTLP",
                where, why)};
}

Outcome taken(const OtlpCodec::Response& response, std::string_view where) {
    Outcome outcome{What::kTaken, response.rejected, 0, {}};
    if (response.rejected)
        outcome.why = fmt::format("{} rejects {}: {}", where, response.rejected, said(response.message));
    else if (!response.message.empty())
        outcome.why = fmt::format("{} warns: {}", where, said(response.message));
    return outcome;
}

/// Of 2xx: OTLP asks for 200, but there are receivers that answer 202 or 204.
Outcome http_taken(const HttpAnswer& answer, const OtlpCodec& codec, std::string_view where, bool is_otlp) {
    if (!answer.why.empty()) return taken_unread(where, answer.why);
    if (answer.body.empty()) return {};
    if (!is_otlp) return taken_unread(where, "of type " + quote_for_terminal(answer.header("content-type")));
    const auto response = codec.read_response(answer.body);
    return response ? taken(*response, where) : taken_unread(where, "no message of OTLP");
}

bool has_media_type(const HttpAnswer& answer, std::string_view wanted) {
    std::string_view type = answer.header("content-type");
    type = type.substr(0, type.find_first_of("; \t"));
    return type.empty() || equals_lower_ascii(type, wanted);
}

std::string_view http_advice(int status) {
    switch (status) {
        case 401:
        case 403:
            return "; check the credentials in its headers";
        case 404:
        case 405:
            return "; check the path of the endpoint";
        case 415:
            return "; it may take another protocol or no compression";
    }
    return status / 100 == 3 ? "; redirects are not followed: give the endpoint where it leads" : "";
}

What http_verdict(int status) {
    switch (status) {
        case 429:
        case 502:
        case 503:
        case 504:
            return What::kRetry;
        case 413:
            return What::kTooLarge;
    }
    return What::kRefused;
}

std::uint64_t retry_after_of(const HttpAnswer& answer, const std::optional<std::uint64_t>& from_status,
                             std::uint64_t wall_ns) {
    if (const auto own = parse_retry_after(answer.header("retry-after"), wall_ns)) return *own;
    return std::min(from_status.value_or(0), kRetryAfterMaxNs);
}

enum GrpcCode {
    kGrpcOk = 0,
    kGrpcUnknown = 2,
    kGrpcPermissionDenied = 7,
    kGrpcResourceExhausted = 8,
    kGrpcUnimplemented = 12,
    kGrpcInternal = 13,
    kGrpcUnavailable = 14,
    kGrpcUnauthenticated = 16
};

struct GrpcRow {
    std::string_view name;
    bool is_transient;
};
constexpr GrpcRow kGrpcRows[] = {{"OK", false},
                                 {"CANCELLED", true},
                                 {"UNKNOWN", false},
                                 {"INVALID_ARGUMENT", false},
                                 {"DEADLINE_EXCEEDED", true},
                                 {"NOT_FOUND", false},
                                 {"ALREADY_EXISTS", false},
                                 {"PERMISSION_DENIED", false},
                                 {"RESOURCE_EXHAUSTED", false},  // unless it says when to come again
                                 {"FAILED_PRECONDITION", false},
                                 {"ABORTED", true},
                                 {"OUT_OF_RANGE", true},
                                 {"UNIMPLEMENTED", false},
                                 {"INTERNAL", false},
                                 {"UNAVAILABLE", true},
                                 {"DATA_LOSS", true},
                                 {"UNAUTHENTICATED", false}};

/// "HTTP to gRPC Status Code Mapping", http-grpc-status-mapping.md of the gRPC repository.
int grpc_code_of_http(int status) {
    switch (status) {
        case 400:
            return kGrpcInternal;
        case 401:
            return kGrpcUnauthenticated;
        case 403:
            return kGrpcPermissionDenied;
        case 404:
            return kGrpcUnimplemented;
        case 429:
        case 502:
        case 503:
        case 504:
            return kGrpcUnavailable;
    }
    return kGrpcUnknown;
}

int grpc_code(const HttpAnswer& answer) {
    const std::string_view text = answer.header("grpc-status");
    if (text.empty()) return grpc_code_of_http(answer.status);
    int code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    const bool is_code = error == std::errc{} && end == text.data() + text.size() && code >= 0;
    return is_code && static_cast<std::size_t>(code) < std::size(kGrpcRows) ? code : kGrpcUnknown;
}

std::string_view grpc_advice(int code) {
    switch (code) {
        case kGrpcPermissionDenied:
        case kGrpcUnauthenticated:
            return "; check the credentials in its headers";
        case kGrpcUnimplemented:
            return "; check that the endpoint takes logs over gRPC";
    }
    return "";
}

Outcome grpc_taken(const HttpAnswer& answer, const OtlpCodec& codec, std::string_view where) {
    const auto message = read_grpc_frame(answer.body, answer.header("grpc-encoding"), kAnswerBytesMax);
    if (!message) return taken_unread(where, message.error().message);
    const auto response = codec.read_response(*message);
    return response ? taken(*response, where) : taken_unread(where, "no message of OTLP");
}

/// "UNAVAILABLE: what it says", or what the HTTP status stands for where there is none of gRPC.
std::string grpc_answer_text(const HttpAnswer& answer, int code) {
    const std::string message = percent_decode(answer.header("grpc-message"));
    std::string text(kGrpcRows[code].name);
    if (answer.header("grpc-status").empty())
        text +=
            fmt::format(" (HTTP {} without a status of gRPC: is it a receiver of OTLP/gRPC?)", answer.status);
    return message.empty() ? text : text + ": " + said(message);
}

What grpc_verdict(int code, bool has_retry_info, std::size_t request_bytes) {
    if (kGrpcRows[code].is_transient) return What::kRetry;
    if (code != kGrpcResourceExhausted) return What::kRefused;
    if (has_retry_info) return What::kRetry;
    // gRPC has no code of its own for a message that is larger than the receiver takes.
    return request_bytes > kGrpcMessageBytesUsual ? What::kTooLarge : What::kRefused;
}

}  // namespace

std::optional<std::uint64_t> parse_retry_after(std::string_view text, std::uint64_t wall_ns) {
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_number = !text.empty() && end == text.data() + text.size();
    if (is_number && error != std::errc::invalid_argument)
        return error == std::errc{} ? std::min(seconds, kRetryAfterMaxNs / kRetrySecondNs) * kRetrySecondNs
                                    : kRetryAfterMaxNs;
    const auto date_ns = http_date_ns(std::string(text));
    if (!date_ns) return std::nullopt;
    return *date_ns <= wall_ns ? 0 : std::min(*date_ns - wall_ns, kRetryAfterMaxNs);
}

Outcome http_outcome(const HttpAnswer& answer, const OtlpCodec& codec, std::string_view where,
                     std::string_view content_type, std::uint64_t wall_ns) {
    if (answer.what != HttpAnswer::What::kWhole) return without_answer(answer, where);
    const bool is_otlp = has_media_type(answer, content_type);
    if (answer.status / 100 == 2) return http_taken(answer, codec, where, is_otlp);
    const auto status = is_otlp ? codec.read_status(answer.body) : std::nullopt;
    const std::string message = status && !status->message.empty() ? ": " + said(status->message) : "";
    Outcome outcome{
        http_verdict(answer.status), 0, 0,
        fmt::format("{} answers {}{}{}", where, answer.status, message, http_advice(answer.status))};
    if (outcome.what == What::kRetry)
        outcome.retry_after_ns =
            retry_after_of(answer, status ? status->retry_after_ns : std::nullopt, wall_ns);
    return outcome;
}

Outcome grpc_outcome(const HttpAnswer& answer, const OtlpCodec& codec, std::string_view where,
                     std::size_t request_bytes, std::uint64_t wall_ns) {
    if (answer.what != HttpAnswer::What::kWhole) return without_answer(answer, where);
    const int code = grpc_code(answer);
    if (code == kGrpcOk) return grpc_taken(answer, codec, where);
    const std::string_view details = answer.header("grpc-status-details-bin");
    const auto status = details.empty() ? std::nullopt : codec.read_status_details(details);
    const std::optional<std::uint64_t> retry_info = status ? status->retry_after_ns : std::nullopt;
    Outcome outcome{grpc_verdict(code, retry_info.has_value(), request_bytes), 0, 0,
                    fmt::format("{} answers {}{}", where, grpc_answer_text(answer, code), grpc_advice(code))};
    if (outcome.what == What::kRetry) outcome.retry_after_ns = retry_after_of(answer, retry_info, wall_ns);
    return outcome;
}

}  // namespace whodid
