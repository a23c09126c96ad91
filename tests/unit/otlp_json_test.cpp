// SPDX-License-Identifier: Apache-2.0
// OTLP/JSON of requests that protoc wrote, and of what is none.
#include "sink/otlp_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/protoc.h"

namespace whodid {
namespace {

using nlohmann::json;

using test::within;

TEST(OtlpJson, EveryShape) {
    if (!test::Protoc::is_there()) GTEST_SKIP() << "no protoc: apt-get install protobuf-compiler";
    const std::string request = test::Protoc().encode("LogsRequest", R"(
        resource_logs { scope_logs { log_records {
            time_unix_nano: 18446744073709551615 severity_number: WARN severity_text: "warn" flags: 7
            trace_id: "\001\002\377" span_id: "\253"
            body { kvlist_value { values { key: "a" value { double_value: 0.1 } } } }
            attributes { key: "i" value { int_value: -9223372036854775808 } }
            attributes { key: "b" value { bool_value: false } }
            attributes { key: "d" value { double_value: nan } }
            attributes { key: "e" value { double_value: -inf } }
            attributes { key: "y" value { bytes_value: "\000\377" } }
            attributes { key: "l" value { array_value { values { string_value: "" } values { int_value: 0 } } } }
            attributes { key: "n\"" value { } }
            attributes { key: "n" }
            event_name: "x\ny"
        } } })");
    const auto text = to_otlp_json(request, OtlpSignal::kLogs);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->find('\n'), std::string::npos);
    EXPECT_EQ(json::parse(*text), json::parse(R"({"resourceLogs": [{"scopeLogs": [{"logRecords": [{
        "timeUnixNano": "18446744073709551615", "severityNumber": 13, "severityText": "warn", "flags": 7,
        "traceId": "0102ff", "spanId": "ab", "eventName": "x\ny",
        "body": {"kvlistValue": {"values": [{"key": "a", "value": {"doubleValue": 0.1}}]}},
        "attributes": [{"key": "i", "value": {"intValue": "-9223372036854775808"}},
                       {"key": "b", "value": {"boolValue": false}},
                       {"key": "d", "value": {"doubleValue": "NaN"}},
                       {"key": "e", "value": {"doubleValue": "-Infinity"}},
                       {"key": "y", "value": {"bytesValue": "AP8="}},
                       {"key": "l", "value": {"arrayValue": {"values": [{"stringValue": ""}, {"intValue": "0"}]}}},
                       {"key": "n\"", "value": {}}, {"key": "n"}]}]}]}]})"));
}

// Protobuf lets fields lie anywhere, and be unknown; a JSON object has a key once.
TEST(OtlpJson, FieldsLieAnywhere) {
    const std::string a = within(1, "a"), b = within(1, "b"), value = within(2, within(1, "v"));
    const std::string first = within(1, a), second = within(1, value + b + a), unknown = within(15, "?");
    const std::string wrong_type("\x08\x01", 2), resource = within(1, unknown + first + wrong_type + second);
    const auto text =
        to_otlp_json(within(1, within(3, "s") + resource + within(3, "t")), OtlpSignal::kMetrics);
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"a"},)"
                     R"({"key":"a","value":{"stringValue":"v"}}]},"schemaUrl":"t"}]})");
}

TEST(OtlpJson, NothingIsAnEmptyObject) {
    EXPECT_EQ(*to_otlp_json("", OtlpSignal::kLogs), "{}");
    EXPECT_EQ(*to_otlp_json(within(1, ""), OtlpSignal::kLogs), R"({"resourceLogs":[{}]})");
}

TEST(OtlpJson, WhatIsNoProtobufIsAnError) {
    for (const std::string& bytes : {std::string("\x0a\xff\xff\xff\xff\x0f"), std::string("\x0a"),
                                     std::string("\x0a\x05"
                                                 "abc"),
                                     std::string("<html>"), std::string("\x00", 1), std::string(11, '\xff'),
                                     within(1, within(2, within(2, std::string("\x09\x01", 2))))}) {
        const auto text = to_otlp_json(bytes, OtlpSignal::kLogs);
        ASSERT_FALSE(text) << bytes;
        EXPECT_NE(text.error().message.find("no protobuf"), std::string::npos);
    }
}

TEST(OtlpJson, ValuesInValuesHaveAnEnd) {
    const auto nested = [](int depth) {
        std::string value = within(1, "x");
        for (int i = 0; i < depth; ++i) value = within(5, within(1, value));
        return within(1, within(2, within(2, within(5, value))));
    };
    const auto fine = to_otlp_json(nested(32), OtlpSignal::kLogs);
    ASSERT_TRUE(fine);
    EXPECT_TRUE(json::accept(*fine));
    const auto too_deep = to_otlp_json(nested(40), OtlpSignal::kLogs);
    ASSERT_FALSE(too_deep);
    EXPECT_NE(too_deep.error().message.find("too deep"), std::string::npos);
}

}  // namespace
}  // namespace whodid
