// SPDX-License-Identifier: Apache-2.0
// Events and metrics as OTLP, read by protoc; and by our own reader, against the JSON line of the same event.
#include "sink/otlp_encode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sink/json_encode.h"
#include "sink/otlp_json.h"
#include "unit/allocations.h"
#include "unit/every_kind.h"
#include "unit/protoc.h"

namespace whodid {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;

constexpr std::uint64_t kObservedNs = test::Maker::kWallNs + 42;

const OtlpSource kSource{.version = "0.1.0",
                         .instance_id = "0b0c5a52-6d0a-4c7e-9f3e-5a9d3c1f7a10",
                         .host_name = "web-17",
                         .host_id = "4c1f0e9b7d5a4f0e8c3b2a1908f7e6d5",
                         .architecture = "x86_64",
                         .os_name = "Debian GNU/Linux",
                         .os_version = "12",
                         .os_description = "",
                         .extra = {{"deployment.environment.name", "test"}}};

struct OtlpEncode : testing::Test, test::Maker {
    static std::string record_of(const Event& event, std::size_t attributes_max = 128) {
        OtlpEncoder encoder([] { return kObservedNs; }, attributes_max);
        std::string out;
        encoder.append(event, out);
        return out;
    }
    static std::string request_of(const std::vector<std::string>& payloads) {
        std::vector<SpoolRecord> records;
        for (const std::string& payload : payloads) records.push_back({payload});
        std::string out;
        append_logs_request(encode_source(kSource), records, out);
        return out;
    }
    static json json_of(const std::string& request, OtlpSignal signal = OtlpSignal::kLogs) {
        const auto text = to_otlp_json(request, signal);
        return text ? json::parse(*text) : json();
    }
    static json json_record(const Event& event, std::size_t attributes_max = 128) {
        return json_of(request_of(
            {record_of(event, attributes_max)}))["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    }
    /// An AnyValue as what it holds.
    static json plain(const json& value) {
        if (value.contains("intValue")) return std::stoll(value["intValue"].get<std::string>());
        if (!value.contains("arrayValue")) return value.empty() ? json() : *value.begin();
        json list = json::array();
        for (const json& element : value["arrayValue"]["values"]) list.push_back(plain(element));
        return list;
    }
    /// Attributes by key; none twice.
    static json attributes(const json& of) {
        json all = json::object();
        for (const json& attribute : of["attributes"]) {
            EXPECT_FALSE(all.contains(attribute["key"])) << attribute["key"];
            all[attribute["key"].get<std::string>()] = plain(attribute["value"]);
        }
        return all;
    }
    static json flat_line(const Event& event) {
        static JsonEncoder encoder(JsonShape::kFlat);
        if (event.process) event.process->rendered = {};
        std::string line;
        encoder.append(event, line);
        return json::parse(line);
    }
};

// The same events, fields and values as in the JSON line, each in its own type.
TEST_F(OtlpEncode, SaysWhatTheJsonLineSays) {
    for (const Event& event : test::EveryKind().events) {
        const json record = json_record(event);
        json line = flat_line(event), found = attributes(record);
        EXPECT_EQ(record["timeUnixNano"], std::to_string(kWallNs));
        EXPECT_EQ(record["observedTimeUnixNano"], std::to_string(kObservedNs));
        EXPECT_EQ(record["eventName"], line["event.name"]);
        EXPECT_EQ(record.value("/body/stringValue"_json_pointer, ""), line.value("message", ""));
        EXPECT_EQ(record.contains("body"), line.contains("message"));
        for (const char* own_place : {"time", "event.name", "message"}) line.erase(own_place);
        for (const char* identities : {"whodid.identity.from", "whodid.identity.to"})
            if (found.contains(identities))
                found[identities] = json::parse(found[identities].get<std::string>());
        EXPECT_EQ(found, line);
        EXPECT_FALSE(record.contains("droppedAttributesCount"));
    }
}

TEST_F(OtlpEncode, BytesAreThoseOfProtoc) {
    if (!test::Protoc::is_there()) GTEST_SKIP() << "no protoc: apt-get install protobuf-compiler";
    std::vector<std::string> payloads;
    for (const Event& event : test::EveryKind().events) payloads.push_back(record_of(event));
    payloads.push_back(record_of(exec({"ok", "\xc3", ""}, alice()), 30));
    const std::string request = request_of(payloads);
    const test::Protoc protoc;
    const std::string text = protoc.decode("LogsRequest", request);
    EXPECT_EQ(protoc.encode("LogsRequest", text), request);
    for (const char* expected : {
             "event_name: \"whodid.process.exec\"",
             "severity_number: WARN",
             "severity_number: INFO",
             "string_value: \"alice from 198.51.100.7 ran bash -c \\\'echo hi\\\'\"",
             "key: \"process.pid\"\n        value {\n          int_value: 4188\n",
             "key: \"process.interactive\"\n        value {\n          bool_value: false\n",
             "key: \"whodid.process.duration\"\n        value {\n          double_value: 6.084\n",
             "key: \"file.path_b64\"\n        value {\n          string_value: \"L3RtcC9hCmL/\"\n",
             "key: \"host.arch\"\n      value {\n        string_value: \"amd64\"\n",
             "name: \"whodid\"\n      version: \"0.1.0\"\n",
             "dropped_attributes_count: ",
             "schema_url: \"https://opentelemetry.io/schemas/1.40.0\"",
         })
        EXPECT_NE(text.find(expected), std::string::npos) << expected;
    // A number without a name in the message would be a field that nobody else knows.
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_FALSE(std::isdigit(line[line.find_first_not_of(' ')])) << line;
}

TEST_F(OtlpEncode, NegativeIntegersTakeTenBytes) {
    auto made = record<rec_file>(REC_FILE_TRUNCATE);
    made->length = -2;
    const Event cut = event(std::move(made), alice());
    EXPECT_EQ(attributes(json_record(cut))["whodid.file.length"], -2);
    const std::string minus_two("\x18\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);  // int_value 3
    EXPECT_NE(record_of(cut).find(minus_two), std::string::npos);
}

TEST_F(OtlpEncode, SeverityIsWarnForGapsAndFailedProofs) {
    EXPECT_EQ(json_record(exec({"x"}, alice(), -EACCES))["severityNumber"], 9);
    EXPECT_EQ(json_record(sensor(REC_SENSOR_START, "x"))["severityNumber"], 9);
    for (std::uint16_t kind : {REC_SENSOR_LOSS, REC_SENSOR_BLIND, REC_SENSOR_TAMPER})
        EXPECT_EQ(json_record(sensor(kind, "x"))["severityNumber"], 13);
    EXPECT_EQ(json_record(auth({.service = "sshd"}, alice()))["severityNumber"], 9);
    EXPECT_EQ(json_record(auth({.service = "sshd", .result = -EACCES}, alice()))["severityNumber"], 13);
}

TEST_F(OtlpEncode, BytesThatAreNotText) {
    const json found = attributes(json_record(exec({"ok", "\xc3",
                                                    "a\xff"
                                                    "b"},
                                                   alice())));
    EXPECT_EQ(found["process.command_args"], (json{"ok", "\ufffd",
                                                   "a\ufffd"
                                                   "b"}));
    EXPECT_EQ(found["process.command_args_b64"], (json{"b2s=", "ww==", "Yf9i"}));
    EXPECT_FALSE(attributes(json_record(exec({"ä"}, alice()))).contains("process.command_args_b64"));
}

TEST_F(OtlpEncode, AttributesBeyondTheLimitAreCounted) {
    const Event event = exec({"x", "\xff"}, alice());
    const std::size_t all = attributes(json_record(event)).size();
    const json cut = json_record(event, 10);
    EXPECT_EQ(cut["attributes"].size(), 10u);
    EXPECT_EQ(cut["droppedAttributesCount"], all - 10);
    EXPECT_EQ(cut["eventName"], "whodid.process.exec");
}

TEST_F(OtlpEncode, NoKindHasMoreFieldsThanARecordMayHaveAttributes) {
    for (const Kind& kind : kinds()) {
        std::size_t fields = 0;
        std::set<std::string_view> keys;
        for_each_field(kind, [&](const Field& field) {
            ++fields;
            EXPECT_TRUE(keys.insert(field.key).second) << kind.name << " has twice " << field.key;
        });
        EXPECT_LE(fields, OtlpEncoder::kAttributesMax) << kind.name;
    }
}

// What is made once for a snapshot is not told of another, whatever memory that lies in.
TEST_F(OtlpEncode, EachSnapshotIsItsOwn) {
    OtlpEncoder encoder;
    std::vector<std::shared_ptr<Process>> kept;
    std::vector<std::string> payloads;
    for (std::uint32_t pid = 0; pid < 150; ++pid) {
        auto process = alice();
        process->pid = pid;
        if (pid % 3 == 0) kept.push_back(process);
        for (int i = 0; i < 2; ++i)
            encoder.append(file(REC_FILE_UNLINK, "/a", process), payloads.emplace_back());
    }
    const json request = json_of(request_of(payloads));
    const json& records = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
    ASSERT_EQ(records.size(), 300u);
    for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(attributes(records[i])["process.pid"], i / 2);
}

TEST_F(OtlpEncode, DoesNotAllocateOnceWarm) {
    const std::vector<Event> events = {file(REC_FILE_OPEN, "/etc/passwd", alice(), 0, 0x241),
                                       net(REC_NETWORK_CONNECT, alice())};
    OtlpEncoder encoder;
    std::string out;
    const auto tell = [&] {
        out.clear();
        for (const Event& event : events) encoder.append(event, out);
    };
    tell();
    const test::Allocations allocations;
    tell();
    EXPECT_EQ(allocations.count(), 0u);
    EXPECT_FALSE(out.empty());
}

// ---- the source and requests ------------------------------------------------------------------------------

TEST_F(OtlpEncode, SourceIsResourceAndScope) {
    const json request =
        json_of(request_of({record_of(exec({"x"}, alice())), record_of(exec({"y"}, alice()))}));
    const json& logs = request["resourceLogs"];
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_EQ(attributes(logs[0]["resource"]), json::parse(R"({
        "service.name": "whodid", "service.version": "0.1.0",
        "service.instance.id": "0b0c5a52-6d0a-4c7e-9f3e-5a9d3c1f7a10", "host.name": "web-17",
        "host.id": "4c1f0e9b7d5a4f0e8c3b2a1908f7e6d5", "host.arch": "amd64", "os.type": "linux",
        "os.name": "Debian GNU/Linux", "os.version": "12", "deployment.environment.name": "test"})"));
    ASSERT_EQ(logs[0]["scopeLogs"].size(), 1u);
    EXPECT_EQ(logs[0]["scopeLogs"][0]["scope"], (json{{"name", "whodid"}, {"version", "0.1.0"}}));
    EXPECT_EQ(logs[0]["scopeLogs"][0]["logRecords"].size(), 2u);
}

TEST_F(OtlpEncode, ExtraAttributesReplaceOurs) {
    OtlpSource source = kSource;
    source.extra = {
        {"service.name", "sensor"}, {"host.id", ""}, {"team", "\xff"}, {"team", "blue"}, {"", "x"}};
    std::string out;
    const std::string payload = record_of(exec({"x"}, alice()));
    const SpoolRecord record{payload};
    append_logs_request(encode_source(source), {&record, 1}, out);
    const json found = attributes(json_of(out)["resourceLogs"][0]["resource"]);
    EXPECT_EQ(found["service.name"], "sensor");
    EXPECT_EQ(found["team"], "blue");
    EXPECT_FALSE(found.contains("host.id"));
    EXPECT_FALSE(found.contains(""));
}

TEST_F(OtlpEncode, NoRequestForNothing) {
    std::string out;
    append_logs_request(encode_source(kSource), {}, out);
    const Metric without_points{"whodid.events", "{event}", "", Metric::Sort::kCounter, {}};
    append_metrics_request(encode_source(kSource), {&without_points, 1}, 1, 2, out);
    append_metrics_request(encode_source(kSource), {}, 1, 2, out);
    EXPECT_EQ(out, "");
}

// ---- metrics ----------------------------------------------------------------------------------------------

std::vector<Metric> some_metrics() {
    return {{"whodid.events",
             "{event}",
             "Events delivered",
             Metric::Sort::kCounter,
             {{{{"kind", "process.exec"}}, 41}, {{{"kind", "file.open"}}, 0}}},
            {"whodid.lag", "s", "How late", Metric::Sort::kGauge, {{{}, 0.25}}},
            {"whodid.change", "1", "", Metric::Sort::kGauge, {{{}, -3}, {{{"a", "b"}}, 0x1p63}}}};
}

TEST_F(OtlpEncode, MetricsAreSumsAndGauges) {
    std::string out;
    append_metrics_request(encode_source(kSource), some_metrics(), 1'000, 2'000, out);
    const json scope = json_of(out, OtlpSignal::kMetrics)["resourceMetrics"][0]["scopeMetrics"][0];
    EXPECT_EQ(scope["metrics"], json::parse(R"([
        {"name": "whodid.events", "description": "Events delivered", "unit": "{event}", "sum": {
            "dataPoints": [
                {"attributes": [{"key": "kind", "value": {"stringValue": "process.exec"}}],
                 "startTimeUnixNano": "1000", "timeUnixNano": "2000", "asInt": "41"},
                {"attributes": [{"key": "kind", "value": {"stringValue": "file.open"}}],
                 "startTimeUnixNano": "1000", "timeUnixNano": "2000", "asInt": "0"}],
            "aggregationTemporality": 2, "isMonotonic": true}},
        {"name": "whodid.lag", "description": "How late", "unit": "s", "gauge": {
            "dataPoints": [{"timeUnixNano": "2000", "asDouble": 0.25}]}},
        {"name": "whodid.change", "unit": "1", "gauge": {
            "dataPoints": [{"timeUnixNano": "2000", "asInt": "-3"},
                           {"attributes": [{"key": "a", "value": {"stringValue": "b"}}],
                            "timeUnixNano": "2000", "asDouble": 9.223372036854775808e18}]}}])"));
}

TEST_F(OtlpEncode, MetricBytesAreThoseOfProtoc) {
    if (!test::Protoc::is_there()) GTEST_SKIP() << "no protoc: apt-get install protobuf-compiler";
    std::vector<Metric> metrics = some_metrics();
    metrics[1].points[0].value = std::numeric_limits<double>::infinity();
    std::string request;
    append_metrics_request(encode_source(kSource), metrics, 1'000, 2'000, request);
    const test::Protoc protoc;
    const std::string text = protoc.decode("MetricsRequest", request);
    EXPECT_EQ(protoc.encode("MetricsRequest", text), request);
    EXPECT_NE(text.find("as_double: inf"), std::string::npos);
    EXPECT_NE(text.find("aggregation_temporality: CUMULATIVE"), std::string::npos);
    EXPECT_NE(text.find("as_int: -3"), std::string::npos);
}

}  // namespace
}  // namespace whodid
