// SPDX-License-Identifier: Apache-2.0
// Events to what npm has: OpenTelemetry's own SDK, another gRPC, another's collector, and ClickHouse.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/escape.h"
#include "receivers/programs.h"
#include "receivers/sent_events.h"
#include "sink/ecs_encode.h"
#include "sink/json_encode.h"
#include "sink/otlp_json.h"

namespace whodid {
namespace {

using nlohmann::json;
using test::ReceiverProcess;
using test::SentEvents;

#define NEEDS_PACKAGE(name)            \
    if (!test::has_node_package(name)) \
    GTEST_SKIP() << "no " name " for node: run tools/install-deps receivers"

std::string at_loopback(const ReceiverProcess& process, const char* path = "") {
    return "http://127.0.0.1:" + std::to_string(process.port()) + path;
}

std::set<std::string> words_of(const std::string& text) {
    std::istringstream words(text);
    return {std::istream_iterator<std::string>(words), {}};
}

// ---- @opentelemetry/otlp-transformer
// ------------------------------------------------------------------------

/// What otlp_decode.js says of a request.
json decoded(const std::string& signal, const std::string& request) {
    const test::Directory directory;
    auto words = test::node("otlp_decode.js");
    words.insert(words.end(), {signal, directory.write("request", request)});
    const auto [said, worked] = test::output_of(words);
    EXPECT_TRUE(worked) << said;
    return json::parse(said, nullptr, false);
}

std::string request_of(const SentEvents& sent) {
    OtlpEncoder encoder;
    std::vector<std::string> payloads;
    for (const Event& event : sent.events) encoder.append(event, payloads.emplace_back());
    std::vector<SpoolRecord> records;
    for (const std::string& payload : payloads) records.push_back({payload});
    std::string request;
    append_logs_request(encode_source(test::source_of(sent)), records, request);
    return request;
}

TEST(OtlpTransformer, ReadsEveryKindAndWritesItAgain) {
    NEEDS_PACKAGE("@opentelemetry/otlp-transformer");
    const SentEvents sent;
    const std::string request = request_of(sent);
    const json said = decoded("logs", request);
    EXPECT_EQ(from_base64(said.at("again").get<std::string>()), request);
    const json& records = said["message"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
    ASSERT_EQ(records.size(), sent.events.size());
    for (std::size_t i = 0; i < records.size(); ++i)
        EXPECT_EQ(records[i]["eventName"], "whodid." + std::string(sent.events[i].kind->name));
    EXPECT_EQ(json::parse(*to_otlp_json(request, OtlpSignal::kLogs)), said["message"]);
}

TEST(OtlpTransformer, ReadsMetricsAndWritesThemAgain) {
    NEEDS_PACKAGE("@opentelemetry/otlp-transformer");
    const std::vector<Metric> metrics = {
        {"whodid.events",
         "{event}",
         "Events",
         Metric::Sort::kCounter,
         {{{{"kind", "process.exec"}}, 0x1p53}, {{{"kind", "file.open"}}, 0}}},
        {"whodid.lag", "s", "", Metric::Sort::kGauge, {{{}, 0.25}, {{{"a", "ä"}}, -3}}}};
    std::string request;
    append_metrics_request(encode_source(test::source_of(SentEvents())), metrics, 1'000, 2'000, request);
    const json said = decoded("metrics", request);
    EXPECT_EQ(from_base64(said.at("again").get<std::string>()), request);
    EXPECT_EQ(json::parse(*to_otlp_json(request, OtlpSignal::kMetrics)), said["message"]);
}

/// A request as the SDK's JSON has it: its integers are numbers of JavaScript, which knows no other ones.
void as_sdk(json& value) {
    if (value.is_object() && value.contains("intValue")) {
        EXPECT_TRUE(value["intValue"].is_string()) << "64 bits are text";
        value["intValue"] = std::stod(value["intValue"].get<std::string>());
    }
    if (value.is_object() && value.contains("doubleValue") &&
        std::trunc(double(value["doubleValue"])) == double(value["doubleValue"]))
        value = {{"intValue", value["doubleValue"]}};
    if (value.is_structured())
        for (json& member : value) as_sdk(member);
}

TEST(OtlpTransformer, JsonIsWhatItsOwnSerializerWrites) {
    NEEDS_PACKAGE("@opentelemetry/otlp-transformer");
    const std::string request = request_of(SentEvents());
    json ours = json::parse(*to_otlp_json(request, OtlpSignal::kLogs)),
         theirs = decoded("logs", request)["json"];
    as_sdk(ours);
    // What it writes of what is not there.
    json& resource = theirs["resourceLogs"][0]["resource"];
    EXPECT_EQ(resource["schemaUrl"], ours["resourceLogs"][0]["schemaUrl"]);
    resource.erase("schemaUrl");
    resource.erase("droppedAttributesCount");
    for (json& record : theirs["resourceLogs"][0]["scopeLogs"][0]["logRecords"])
        if (record["body"].empty()) record.erase("body");
    const json &our_logs = ours["resourceLogs"][0], &their_logs = theirs["resourceLogs"][0];
    const json &our_records = our_logs["scopeLogs"][0]["logRecords"],
               &their_records = their_logs["scopeLogs"][0]["logRecords"];
    ASSERT_EQ(our_records.size(), their_records.size());
    for (std::size_t i = 0; i < our_records.size(); ++i) EXPECT_EQ(our_records[i], their_records[i]);
    EXPECT_EQ(ours, theirs);
}

// ---- @grpc/grpc-js
// ------------------------------------------------------------------------------------------

class GrpcJs : public testing::Test {
protected:
    void SetUp() override {
        NEEDS_PACKAGE("@grpc/grpc-js");
        NEEDS_PACKAGE("@opentelemetry/otlp-transformer");
    }
};

TEST_F(GrpcJs, EveryAnswerMeansWhatTheTableSays) {
    const ReceiverProcess process(
        test::node("otlp_grpc.js"),
        {"--script", "OK,UNAVAILABLE:7,OK,RESOURCE_EXHAUSTED:3,PARTIAL:5,RESOURCE_EXHAUSTED,UNAVAILABLE,OK"});
    OtlpSettings settings;
    settings.protocol = OtlpProtocol::kGrpc;
    settings.endpoint = at_loopback(process);
    test::RealSink sink(settings);
    const SentEvents sent;
    sink.write(sent.events);
    ASSERT_TRUE(sink.is_emptied()) << sink.counts().last_error;
    // What the answers asked for, and what an unfilled batch waits.
    EXPECT_GE(sink.clock.elapsed_ns(), 10'000'000'000u);
    EXPECT_LT(sink.clock.elapsed_ns(), 12'000'000'000u);

    const auto requests = process.requests();
    ASSERT_EQ(requests.size(), 8u);
    for (const std::size_t again : {2, 4, 7}) EXPECT_EQ(requests[again].second, requests[again - 1].second);
    std::set<std::string> all;
    for (const std::size_t last : {0, 2, 4, 5, 7}) all.merge(words_of(requests[last].second));
    EXPECT_EQ(all, sent.ids());

    const std::uint64_t refused = words_of(requests[5].second).size();
    const SinkCounts counts = sink.counts();
    EXPECT_EQ(counts.rejected, refused + 5);
    EXPECT_EQ(counts.written, sent.events.size() - refused - 5);
    EXPECT_EQ(counts.dropped, 0u);
    EXPECT_EQ(counts.failures, 3u);
    EXPECT_EQ(sink.declared_in_all(), refused + 5);
}

TEST_F(GrpcJs, StatusesThatAreForGood) {
    const ReceiverProcess process(test::node("otlp_grpc.js"),
                                  {"--script",
                                   "INVALID_ARGUMENT:1,UNAUTHENTICATED,PERMISSION_DENIED,"
                                   "UNIMPLEMENTED,INTERNAL"});
    OtlpSettings settings;
    settings.protocol = OtlpProtocol::kGrpc;
    settings.endpoint = at_loopback(process);
    settings.gzip = false;
    test::RealSink sink(settings);
    const SentEvents sent;
    sink.write(sent.events);
    ASSERT_TRUE(sink.is_emptied()) << sink.counts().last_error;
    EXPECT_EQ(sink.counts().failures, 0u) << "none is tried again";
    EXPECT_EQ(sink.counts().rejected, sent.events.size());
    EXPECT_EQ(sink.declared(), sent.kinds());
}

// ---- autotel-mcp
// --------------------------------------------------------------------------------------------

TEST(Autotel, StoresAndListsWhatWasSent) {
    NEEDS_PACKAGE("autotel-mcp");
    const test::ReservedPort port;
    const ReceiverProcess process(test::node("otlp_store.js"), {"--port", std::to_string(port.number)});
    OtlpSettings settings;
    settings.protocol = OtlpProtocol::kHttpJson;
    settings.endpoint = at_loopback(process, "/v1/logs");
    settings.gzip = false;  // it takes none
    test::RealSink sink(settings);
    const SentEvents sent;
    sink.write(sent.events);
    ASSERT_TRUE(sink.is_emptied()) << sink.counts().last_error;
    EXPECT_EQ(sink.counts().written, sent.events.size()) << sink.counts().last_error;
    EXPECT_TRUE(test::comes_true([&] { return process.requests().size() >= sent.events.size(); }));
    std::set<std::string> stored;
    for (const auto& [time_ms, id] : process.requests()) {
        EXPECT_EQ(time_ms, std::to_string(test::Maker::kWallNs / 1'000'000));
        EXPECT_TRUE(stored.insert(id).second) << id;
    }
    EXPECT_EQ(stored, sent.ids());
}

// ---- ClickHouse
// ---------------------------------------------------------------------------------------------

class ClickHouse : public testing::Test {
protected:
    void SetUp() override {
        NEEDS_PACKAGE("@chdb/lib-linux-x64-gnu");
        NEEDS_PACKAGE("chdb");
    }
    /// The rows of an answer about the table `lines`.
    std::vector<json> rows(const std::string& text, const std::string& sql) {
        auto words = test::node("json_lines.js");
        words.insert(words.end(), {directory_.write("lines.jsonl", text), sql});
        const auto [said, worked] = test::output_of(words);
        EXPECT_TRUE(worked) << said;
        return parsed(said);
    }
    static std::vector<json> parsed(const std::string& text) {
        std::vector<json> objects;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) objects.push_back(json::parse(line, nullptr, false));
        return objects;
    }
    /// Without members that hold nothing: a table's row has all of its columns.
    static json filled(const json& value) {
        if (!value.is_object()) return value;
        json left = json::object();
        for (const auto& [key, member] : value.items())
            if (json kept = filled(member); !kept.is_null() && !kept.empty()) left[key] = std::move(kept);
        return left;
    }
    void expect_all_read(const std::string& text) {
        const auto lines = parsed(text);
        const auto read = rows(text,
                               "SELECT * FROM lines SETTINGS input_format_try_infer_datetimes = 0, "
                               "input_format_try_infer_dates = 0");
        ASSERT_EQ(read.size(), lines.size());
        for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(filled(read[i]), filled(lines[i]));
    }

private:
    const test::Directory directory_;
};

template <class Encoder>
std::string lines_of(Encoder encoder, const SentEvents& sent) {
    std::string text;
    for (const Event& event : sent.events) {
        encoder.append(event, text);
        text += '\n';
    }
    return text;
}

TEST_F(ClickHouse, ReadsEveryNativeLine) {
    const SentEvents sent;
    const std::string text = lines_of(JsonEncoder(JsonShape::kNested), sent);
    expect_all_read(text);
    const auto times = rows(text,
                            "SELECT uniqExact(event.id) AS ids, toTypeName(any(time)) AS type, "
                            "toString(min(toUnixTimestamp64Nano(time))) AS least, "
                            "toString(max(toUnixTimestamp64Nano(time))) AS most FROM lines");
    const std::string time = std::to_string(test::Maker::kWallNs);
    ASSERT_EQ(times.size(), 1u);
    EXPECT_EQ(times[0], (json{{"ids", sent.events.size()},
                              {"type", "Nullable(DateTime64(9))"},
                              {"least", time},
                              {"most", time}}));
}

TEST_F(ClickHouse, ReadsEveryLineInEcs) { expect_all_read(lines_of(EcsEncoder(), SentEvents())); }

}  // namespace
}  // namespace whodid
