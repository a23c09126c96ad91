// SPDX-License-Identifier: Apache-2.0
// What answers of gRPC mean, each row of the table; Retry-After in all its forms.
#include "sink/otlp_outcome.h"

#include <gtest/gtest.h>

#include <string>

#include "base/escape.h"
#include "sink/grpc_frame.h"
#include "sink/gzip.h"
#include "unit/otlp_messages.h"

namespace whodid {
namespace {

using What = Outcome::What;

constexpr std::uint64_t kSecond = 1'000'000'000;
// "UNAVAILABLE, again in 2 s", made by protoc; RESOURCE_EXHAUSTED has the same details.
constexpr const char* kRetryInTwoSeconds =
    "CA4aMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAg==";

HttpAnswer grpc_answer(HttpHeaders trailers, std::string body = "", int status = 200) {
    HttpAnswer answer;
    answer.what = HttpAnswer::What::kWhole;
    answer.status = status;
    answer.headers = {{"content-type", "application/grpc"}};
    answer.headers.insert(answer.headers.end(), trailers.begin(), trailers.end());
    answer.body = std::move(body);
    return answer;
}

Outcome outcome_of(const HttpAnswer& answer, std::size_t request_bytes = 100) {
    return grpc_outcome(answer, test::id_codec(), "http://there:4317", request_bytes, 0);
}

std::string frame(std::string_view message, bool is_compressed = false) {
    std::string out;
    append_grpc_frame(message, is_compressed, out);
    return out;
}

TEST(GrpcOutcome, EachCodeIsThatOfTheTable) {
    for (int code = 1; code <= 16; ++code) {
        const bool is_transient =
            code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
        const Outcome outcome = outcome_of(grpc_answer({{"grpc-status", std::to_string(code)}}));
        EXPECT_EQ(outcome.what, is_transient ? What::kRetry : What::kRefused) << code << outcome.why;
        EXPECT_EQ(outcome.retry_after_ns, 0u);
    }
}

TEST(GrpcOutcome, RetryInfoSaysWhen) {
    for (std::string details : {kRetryInTwoSeconds,
                                "CA4aMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mb"
                                "xIECgIIAg"}) {
        for (const char* code : {"14", "8"}) {
            const Outcome outcome =
                outcome_of(grpc_answer({{"grpc-status", code}, {"grpc-status-details-bin", details}}));
            EXPECT_EQ(outcome.what, What::kRetry) << code;
            EXPECT_EQ(outcome.retry_after_ns, 2 * kSecond) << code;
        }
        const Outcome never =
            outcome_of(grpc_answer({{"grpc-status", "3"}, {"grpc-status-details-bin", details}}));
        EXPECT_EQ(never.what, What::kRefused) << "INVALID_ARGUMENT stays that";
        EXPECT_EQ(never.retry_after_ns, 0u);
    }
    for (const char* details : {"", "####", "CA4="})
        EXPECT_EQ(outcome_of(grpc_answer({{"grpc-status", "8"}, {"grpc-status-details-bin", details}})).what,
                  What::kRefused)
            << details;
}

// Receivers of gRPC take 4 MiB at a time unless they were told otherwise, and say RESOURCE_EXHAUSTED.
TEST(GrpcOutcome, ALargeMessageMayBeTooLarge) {
    const HttpAnswer exhausted = grpc_answer({{"grpc-status", "8"}});
    EXPECT_EQ(outcome_of(exhausted, 4u << 20).what, What::kRefused);
    EXPECT_EQ(outcome_of(exhausted, (4u << 20) + 1).what, What::kTooLarge);
}

TEST(GrpcOutcome, TheMessageIsDecodedAndHarmless) {
    const Outcome outcome = outcome_of(
        grpc_answer({{"grpc-status", "3"}, {"grpc-message", "gr%C3%B6%C3%9Fer%0A100 %, %1b[31m%zz"}}));
    EXPECT_EQ(outcome.why, "http://there:4317 answers INVALID_ARGUMENT: größer\\n100 %, \\x1b[31m%zz");
    const Outcome longer =
        outcome_of(grpc_answer({{"grpc-status", "3"}, {"grpc-message", std::string(10'000, 'x')}}));
    EXPECT_LT(longer.why.size(), 500u);
}

TEST(GrpcOutcome, WithoutAStatusTheOneOfHttpCounts) {
    const struct {
        int status;
        What what;
        const char* said;
    } rows[] = {
        {400, What::kRefused, "INTERNAL (HTTP 400"},
        {401, What::kRefused, "UNAUTHENTICATED (HTTP 401"},
        {403, What::kRefused, "PERMISSION_DENIED"},
        {404, What::kRefused, "UNIMPLEMENTED"},
        {429, What::kRetry, "UNAVAILABLE"},
        {502, What::kRetry, "UNAVAILABLE"},
        {503, What::kRetry, "UNAVAILABLE"},
        {504, What::kRetry, "UNAVAILABLE"},
        {500, What::kRefused, "UNKNOWN"},
        {200, What::kRefused, "UNKNOWN"},
        {302, What::kRefused, "UNKNOWN"},
    };
    for (const auto& [status, what, said] : rows) {
        HttpAnswer answer = grpc_answer({{"retry-after", "5"}}, "<html>", status);
        answer.headers[0].second = "text/html";
        const Outcome outcome = outcome_of(answer);
        EXPECT_EQ(outcome.what, what) << status;
        EXPECT_EQ(outcome.retry_after_ns, what == What::kRetry ? 5 * kSecond : 0) << status;
        EXPECT_NE(outcome.why.find(said), std::string::npos) << outcome.why;
    }
    EXPECT_EQ(outcome_of(grpc_answer({{"grpc-status", "14"}}, "", 500)).what, What::kRetry)
        << "gRPC's own counts";
}

TEST(GrpcOutcome, CodesThatAreNone) {
    for (const char* code : {"17", "-1", "99999999999", "0x0", "OK", "14 "}) {
        const Outcome outcome = outcome_of(grpc_answer({{"grpc-status", code}}));
        EXPECT_EQ(outcome.what, What::kRefused) << code;
        EXPECT_NE(outcome.why.find("UNKNOWN"), std::string::npos) << outcome.why;
    }
}

TEST(GrpcOutcome, Success) {
    const HttpHeaders ok = {{"grpc-status", "0"}};
    EXPECT_EQ(outcome_of(grpc_answer(ok, frame(""))).why, "");
    const Outcome some = outcome_of(grpc_answer(ok, frame(test::response(2, "too old"))));
    EXPECT_EQ(some.what, What::kTaken);
    EXPECT_EQ(some.rejected, 2u);
    EXPECT_EQ(some.why, "http://there:4317 rejects 2: too old");
    std::string zipped;
    Gzip().append(test::response(2, ""), zipped);
    EXPECT_EQ(outcome_of(grpc_answer({{"grpc-encoding", "gzip"}, {"grpc-status", "0"}}, frame(zipped, true)))
                  .rejected,
              2u);
}

TEST(GrpcOutcome, ASuccessWhoseAnswerIsNoneIsStillOne) {
    for (std::string body :
         {std::string(), std::string("\0\0\0", 3), frame("abc") + "d", frame("abc").substr(0, 7),
          frame("\xff\xff"), frame("abc", true), "\2" + frame("").substr(1)}) {
        const Outcome outcome =
            outcome_of(grpc_answer({{"grpc-status", "0"}, {"grpc-encoding", "gzip"}}, body));
        EXPECT_EQ(outcome.what, What::kTaken);
        EXPECT_NE(outcome.why.find("answer cannot be read"), std::string::npos) << outcome.why;
    }
}

TEST(GrpcFrame, Bounds) {
    std::string zipped;
    Gzip().append(std::string(1000, 'x'), zipped);
    EXPECT_TRUE(read_grpc_frame(frame(zipped, true), "gzip", 1000));
    EXPECT_FALSE(read_grpc_frame(frame(zipped, true), "gzip", 999));
    EXPECT_FALSE(read_grpc_frame(frame(zipped, true), "deflate", 1000));
    EXPECT_FALSE(read_grpc_frame(frame(std::string(1000, 'x')), "", 999));
    EXPECT_EQ(frame(std::string(0x010203, 'x')).substr(0, 5), std::string("\0\0\1\2\3", 5));
    EXPECT_EQ(grpc_timeout(10 * kSecond), "10000m");
    EXPECT_EQ(grpc_timeout(1), "1m");
    EXPECT_EQ(grpc_timeout(100'000 * kSecond), "100000S");
    EXPECT_EQ(grpc_timeout(UINT64_MAX), "99999999S");
}

TEST(RetryAfter, SecondsAndDates) {
    constexpr std::uint64_t kNow = 784111777 * kSecond;  // Sun, 06 Nov 1994 08:49:37 GMT
    EXPECT_EQ(parse_retry_after("0", kNow), 0u);
    EXPECT_EQ(parse_retry_after("120", kNow), 120 * kSecond);
    EXPECT_EQ(parse_retry_after("3601", kNow), kRetryAfterMaxNs);
    EXPECT_EQ(parse_retry_after("99999999999999999999999999", kNow), kRetryAfterMaxNs);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:40 GMT", kNow), 3 * kSecond);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:40 GMT", kNow), 3 * kSecond);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:40 1994", kNow), 3 * kSecond);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 0u);
    EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", kNow), 0u);
    EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kNow), kRetryAfterMaxNs);
    for (std::string_view none :
         {std::string_view(""), std::string_view("-1"), std::string_view("1.5"), std::string_view("5s"),
          std::string_view("soon"), std::string_view("Sun, 06 Nov 1994 08:49:40 CET"),
          std::string_view("Sun, 06 Nov 1994 08:49:40 GMT\0x", 31), std::string_view("Sun, 06 Nov")})
        EXPECT_EQ(parse_retry_after(none, kNow), std::nullopt) << none;
}

TEST(Gunzip, WholeOrNothing) {
    const std::string text(100'000, 'x');
    std::string member = "before";
    Gzip gzip;
    gzip.append("first", member);
    member.clear();
    gzip.append(text, member);
    EXPECT_EQ(gunzip(member, text.size()), text);
    EXPECT_EQ(gunzip(member, text.size() - 1), std::nullopt);
    EXPECT_EQ(gunzip(member + "x", text.size()), std::nullopt);
    for (std::size_t size = 0; size < member.size(); ++size)
        EXPECT_EQ(gunzip(member.substr(0, size), text.size()), std::nullopt) << size;
    member[member.size() - 6] ^= 1;
    EXPECT_EQ(gunzip(member, text.size()), std::nullopt) << "another checksum";
    std::string empty;
    gzip.append("", empty);
    EXPECT_EQ(gunzip(empty, 0), "");
}

}  // namespace
}  // namespace whodid
