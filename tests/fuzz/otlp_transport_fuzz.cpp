// SPDX-License-Identifier: Apache-2.0
// Any answer, header, endpoint: outcomes within their bounds, what is accepted can be sent, errors in one
// line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/escape.h"
#include "sink/grpc_frame.h"
#include "sink/gzip.h"
#include "sink/otlp_endpoint.h"
#include "sink/otlp_outcome.h"
#include "unit/otlp_messages.h"

namespace {

using namespace whodid;

void require(bool holds) {
    if (!holds) abort();
}

bool is_one_line(std::string_view text) {
    return valid_utf8(text) && std::ranges::none_of(text, [](char c) { return c >= 0 && c < ' '; });
}

void try_headers(const Result<HttpHeaders>& headers) {
    if (!headers) return require(is_one_line(headers.error().message));
    for (const auto& [name, value] : *headers) {
        require(check_header(name, value).ok());
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
    }
}

void try_endpoint(std::string_view text) {
    require(shown_endpoint(text).find('@') == std::string::npos && is_one_line(shown_endpoint(text)));
    for (const auto protocol : {OtlpProtocol::kHttpProtobuf, OtlpProtocol::kGrpc}) {
        for (const EndpointChoice& choice :
             {EndpointChoice{text, "", false}, EndpointChoice{"", text, true}}) {
            const auto url = otlp_endpoint(OtlpSignal::kLogs, protocol, choice);
            if (!url) require(is_one_line(url.error().message));
            if (url) require(check_endpoint(*url).ok());
        }
    }
}

void try_frame(std::string_view text) {
    constexpr std::size_t kMax = 1000;
    const auto message = read_grpc_frame(text, "gzip", kMax);
    require(!message || message->size() <= kMax);
    const auto whole = gunzip(text, kMax);
    require(!whole || whole->size() <= kMax);
    std::string zipped, frame;
    Gzip().append(text, zipped);
    append_grpc_frame(zipped, true, frame);
    const auto again = read_grpc_frame(frame, "gzip", text.size());
    require(again && *again == text);
}

/// Lines "name:value" are the headers; what follows an empty one is the body.
HttpAnswer answer_of(std::string_view text) {
    HttpAnswer answer;
    answer.what = HttpAnswer::What::kWhole;
    answer.status = text.empty() ? 200 : 100 + static_cast<std::uint8_t>(text[0]) * 2;
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.empty()) break;
        const std::size_t colon = std::min(line.find(':'), line.size() - 1);
        answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
    answer.body = text;
    return answer;
}

void check(const Outcome& outcome) {
    require(outcome.retry_after_ns <= kRetryAfterMaxNs);
    require(outcome.retry_after_ns == 0 || outcome.what == Outcome::What::kRetry);
    require(outcome.rejected == 0 || outcome.what == Outcome::What::kTaken);
    require(outcome.what == Outcome::What::kTaken || !outcome.why.empty());
    require(is_one_line(outcome.why));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static const OtlpCodec kCodec = test::id_codec();
    const auto wait_ns = parse_retry_after(text, 784111777'000'000'000);
    require(!wait_ns || *wait_ns <= kRetryAfterMaxNs);
    try_headers(parse_otlp_headers(text));
    try_headers(parse_header_lines(text));
    try_endpoint(text);
    try_frame(text);
    const HttpAnswer answer = answer_of(text);
    check(http_outcome(answer, kCodec, "http://there", "application/x-protobuf", 0));
    check(grpc_outcome(answer, kCodec, "http://there", size, 0));
    return 0;
}
