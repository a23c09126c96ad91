// SPDX-License-Identifier: Apache-2.0
// Answers as receivers give them, and as somebody else might.
#include "sink/otlp_answer.h"

#include <gtest/gtest.h>

#include "base/escape.h"
#include "unit/protoc.h"

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr auto kProtobuf = OtlpEncoding::kProtobuf;
constexpr auto kJson = OtlpEncoding::kJson;

using test::within;

TEST(OtlpAnswer, EmptyMeansAllTaken) {
    for (const auto encoding : {kProtobuf, kJson}) {
        const auto answer = read_otlp_answer("", encoding, OtlpSignal::kLogs);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->rejected, 0u);
        EXPECT_EQ(answer->message, "");
    }
    for (const char* body : {"{}", R"({"partialSuccess":{}})", R"({"partialSuccess":null,"other":[1]})"})
        EXPECT_EQ(read_otlp_answer(body, kJson, OtlpSignal::kLogs)->rejected, 0u) << body;
    EXPECT_EQ(read_otlp_answer(within(1, ""), kProtobuf, OtlpSignal::kLogs)->rejected, 0u);
}

TEST(OtlpAnswer, PartialSuccess) {
    const std::string body = within(1, std::string("\x08\x83\x01", 3) + within(2, "too old"));
    for (const auto signal : {OtlpSignal::kLogs, OtlpSignal::kMetrics}) {
        const auto answer = read_otlp_answer(body, kProtobuf, signal);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->rejected, 131u);
        EXPECT_EQ(answer->message, "too old");
    }
    const std::string json = R"({"partialSuccess":{"rejectedLogRecords":"3","rejectedDataPoints":4,)"
                             R"("errorMessage":"a\u0000b\n\u202e"}})";
    EXPECT_EQ(read_otlp_answer(json, kJson, OtlpSignal::kLogs)->rejected, 3u);
    EXPECT_EQ(read_otlp_answer(json, kJson, OtlpSignal::kMetrics)->rejected, 4u);
    EXPECT_EQ(read_otlp_answer(json, kJson, OtlpSignal::kLogs)->message, "a\\x00b\\n\\u202e");
}

TEST(OtlpAnswer, ReadsWhatProtocWrites) {
    if (!test::Protoc::is_there()) GTEST_SKIP() << "no protoc: apt-get install protobuf-compiler";
    const test::Protoc protoc;
    const auto answer = read_otlp_answer(
        protoc.encode("Response", "partial_success { rejected: 9223372036854775807 error_message: \"x\" }"),
        kProtobuf, OtlpSignal::kLogs);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->rejected, 9223372036854775807u);
    const std::string delay = protoc.encode("RetryInfo", "retry_delay { seconds: 1 nanos: 500000000 }");
    std::string escaped;
    for (const char byte : delay) escaped += fmt::format("\\{:03o}", static_cast<unsigned char>(byte));
    const auto status = read_rpc_status(
        protoc.encode("Status",
                      "code: 8 message: \"busy\" details { type_url: \"x.y/google.rpc.DebugInfo\" } "
                      "details { type_url: \"type.googleapis.com/google.rpc.RetryInfo\" value: \"" +
                          escaped + "\" }"),
        kProtobuf);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code, 8);
    EXPECT_EQ(status->message, "busy");
    EXPECT_TRUE(status->has_retry_info);
    EXPECT_EQ(status->retry_after_ns, kSecond + kSecond / 2);
}

TEST(OtlpAnswer, NegativeAndOddNumbersAreErrors) {
    const std::string minus_one = within(1, std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11));
    EXPECT_FALSE(read_otlp_answer(minus_one, kProtobuf, OtlpSignal::kLogs));
    for (const char* number :
         {"-1", "\"-1\"", "1.5", "\"x\"", "\"1 \"", "[]", "true", "18446744073709551615"}) {
        const std::string body = fmt::format(R"({{"partialSuccess":{{"rejectedLogRecords":{}}}}})", number);
        EXPECT_FALSE(read_otlp_answer(body, kJson, OtlpSignal::kLogs)) << number;
    }
}

// What a proxy, or somebody else's program, answers.
TEST(OtlpAnswer, WhatIsNoAnswerIsAnError) {
    for (const std::string& body : {std::string("<html>"),
                                    std::string("\x0a\x7f"
                                                "x"),
                                    std::string("\x0a\xff"), std::string("\x0a\xff\xff\xff\xff\x0f"),
                                    std::string(20, '\xff'), within(1, within(2, "x") + "\x12")}) {
        const auto answer = read_otlp_answer(body, kProtobuf, OtlpSignal::kLogs);
        ASSERT_FALSE(answer) << body;
        EXPECT_NE(answer.error().message.find("no protobuf"), std::string::npos) << answer.error().message;
    }
    for (const std::string& body :
         {std::string("<html>"), std::string("[]"), std::string("3"), std::string("{\"a\":"),
          std::string("\xff"), std::string(50'000, '['), "{\"a\":" + std::string(50'000, '[')}) {
        EXPECT_FALSE(read_otlp_answer(body, kJson, OtlpSignal::kLogs));
        EXPECT_FALSE(read_rpc_status(body, kJson));
    }
    const auto large = read_rpc_status("{}" + std::string(kJsonAnswerMax, ' '), kJson);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().message, "the receiver's status cannot be read: it is 262146 bytes long");
}

TEST(OtlpAnswer, MessagesAreCutAndEscaped) {
    const auto message_of = [](const std::string& message) {
        std::string json = R"({"message":")" + message + "\"}";
        return read_rpc_status(json, kJson)->message;
    };
    EXPECT_EQ(message_of(std::string(5000, 'x')), std::string(kAnswerTextMax, 'x'));
    const std::string cut = message_of("a" + [] {
        std::string umlauts;
        for (int i = 0; i < 2000; ++i) umlauts += "ä";
        return umlauts;
    }());
    EXPECT_EQ(cut.size(), kAnswerTextMax - 1);
    EXPECT_TRUE(valid_utf8(cut));
    EXPECT_EQ(message_of("\\u001b[2J"), "\\x1b[2J");
    EXPECT_EQ(read_rpc_status(within(2, "\xff\r"), kProtobuf)->message, "\\xff\\x0d");
}

// Decoded elsewhere: code 14, retry after 2 s.
TEST(OtlpAnswer, StatusDetails) {
    const std::string vector = "CA4aMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAg==";
    for (const std::string& text : {vector, vector.substr(0, vector.size() - 2)}) {
        const auto status = read_rpc_status_details(text);
        ASSERT_TRUE(status);
        EXPECT_EQ(status->code, 14);
        EXPECT_TRUE(status->has_retry_info);
        EXPECT_EQ(status->retry_after_ns, 2 * kSecond);
    }
    EXPECT_EQ(read_rpc_status_details("CA4?").error().message,
              "the receiver's grpc-status-details-bin cannot be read: it is no base64");
    EXPECT_FALSE(read_rpc_status_details("Ef8"));
    EXPECT_EQ(read_rpc_status_details("")->code, 0);
}

TEST(OtlpAnswer, JsonStatus) {
    const auto wait = [](const std::string& delay) {
        const auto status = read_rpc_status(
            R"({"code":8,"details":[1,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":)" +
                delay + "}]}",
            kJson);
        EXPECT_TRUE(status && status->code == 8 && status->has_retry_info) << delay;
        return status ? status->retry_after_ns : 1;
    };
    EXPECT_EQ(wait("\"2s\""), 2 * kSecond);
    EXPECT_EQ(wait("\"1.5s\""), kSecond + kSecond / 2);
    EXPECT_EQ(wait("\"0.000000001s\""), 1u);
    EXPECT_EQ(wait("\"99999999999999999999s\""), kRetryAfterMax);
    EXPECT_EQ(wait("\"86401s\""), kRetryAfterMax);
    for (const char* none : {"\"\"", "\"s\"", "\"-1s\"", "\"-0.5s\"", "\"1.s\"", "\"1.x5s\"", "\"1.-5s\"",
                             "2", "\"1.0000000001s\"", "\"2\"", "null"})
        EXPECT_EQ(wait(none), 0u) << none;
    EXPECT_FALSE(read_rpc_status(R"({"code":8,"details":[{"@type":"x/google.rpc.DebugInfo"}]})", kJson)
                     ->has_retry_info);
    EXPECT_EQ(read_rpc_status(R"({"code":99999999999,"message":3,"details":{}})", kJson)->code, 0);
}

TEST(OtlpAnswer, DurationsAreBounded) {
    const auto wait = [](const std::string& duration) {
        const std::string info = within(1, duration);
        return read_rpc_status(within(3, within(1, "google.rpc.RetryInfo") + within(2, info)), kProtobuf)
            ->retry_after_ns;
    };
    EXPECT_EQ(wait(std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10)), kRetryAfterMax);
    EXPECT_EQ(wait(std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11)), 0u);
    EXPECT_EQ(wait(std::string("\x10\xff\xff\xff\xff\x07", 6)), kSecond - 1);
    EXPECT_EQ(wait(""), 0u);
}

}  // namespace
}  // namespace whodid
