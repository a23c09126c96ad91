// SPDX-License-Identifier: Apache-2.0
// How a sensor fares, as text, JSON and metrics.
#include "app/status.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "promtool.h"
#include "sample_status.h"
#include "sink/prometheus.h"
#include "source/hooks.h"

namespace whodid {
namespace {

using test::sample_status;
using Texts = std::vector<std::string>;
using Json = nlohmann::json;

/// Everything that can be wrong, and names that somebody chose to do harm.
Status sick_status() {
    Status status = sample_status();
    status.stalled_ns = 12'000'000'000;
    status.lost_recently = 1041;
    status.ledger[REC_FILE_OPEN].kernel.seen = status.ledger[REC_FILE_OPEN].kernel.ring_full = 1041;
    SinkStatus far;
    far.name = "otlp";
    far.type = "otlp";
    far.is_down = true;
    far.written = 900;
    far.failed = 3;
    far.pending = 1200;
    far.pending_bytes = 1 << 20;
    far.lag_s = 182.5;
    far.last_error = "connection \x1b[31mrefused\nby it";
    far.last_error_wall_ns = 1'795'530'000'000'000'000;
    status.sinks.push_back(far);
    status.config = {"/etc/whodid/whodid.yaml", 2, 1, 1'795'530'000'000'000'000, "line 3: no such sink"};
    status.ledger[REC_PROCESS_EXEC].written += 7;
    status.top_programs = {{"/tmp/\x1b]0;x\x07\xff\"", 3, 0}};
    return status;
}

TEST(Status, TroublesAreNamed) {
    EXPECT_EQ(troubles(sample_status()), Texts{});
    EXPECT_EQ(
        troubles(sick_status()),
        (Texts{"the pump has not moved for 12s", "1,041 events lost in the last minute",
               "sink otlp is down: connection \x1b[31mrefused\nby it; 1,200 events wait",
               "the configuration was not taken, the one before it stays in force: line 3: no such sink",
               "the ledger does not balance: process.exec: sink: 1500 in, 1507 accounted for"}));
    EXPECT_EQ(troubles(Status{}), Texts{"it is still starting: nothing is told yet"});
}

TEST(Status, MemoryIsTheSecondNumberInPages) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_EQ(resident_bytes_of("78627 16443 14457 643 0 12333 0\n"), 16443 * page);
    for (const char* other : {"", "78627", "78627 ", "78627 x"})
        EXPECT_EQ(resident_bytes_of(other), 0u) << other;
}

TEST(Status, WhatWasLostEarlierIsNoTrouble) {
    Status status = sample_status();
    status.ledger[REC_FILE_OPEN].kernel.ring_full = 3;
    EXPECT_EQ(troubles(status), Texts{});
    EXPECT_NE(status_text(status).find(" told, LOST 3; "), std::string::npos) << status_text(status);
}

/// What is on its way is in, and not yet accounted for.
TEST(Status, EventsOnTheirWayAreNoOverrun) {
    Ledger ledger;
    LedgerLine& line = ledger[REC_PROCESS_EXEC];
    line.kernel.seen = line.kernel.emitted = 10;
    line.received = 9;
    line.delivered = 7;
    line.summarized = 3;
    line.written = 3;
    EXPECT_EQ(overruns(ledger), Texts{});
    line.retold = 4;
    line.made = 1;
    line.malformed = 4;
    EXPECT_EQ(overruns(ledger),
              (Texts{"the ledger does not balance: process.exec: pump: 10 in, 11 accounted for",
                     "the ledger does not balance: process.exec: summaries: 3 in, 4 accounted for"}));
}

TEST(Status, TextOfAHealthyOne) {
    EXPECT_EQ(status_text(sample_status()),
              R"(whodid v1.2 on web-17: healthy, up 1d01h
sensor    pid 812, Linux 6.1.0-18-amd64, profile standard; memory 48MB, CPU 0.8%
events    1,200 told, 0 lost; in the last minute 20/s seen, 2.5/s told, 0 lost
ledger    seen 1,500, emitted 1,500, received 1,500, delivered 1,500, filtered 300, written 1,200
rings     vital 0% of 8.4MB, at most 66KB, events 25% of 17MB, at most 5.2MB
traces    1 now; 1,200 events sent, 41 dropped

SINK  TYPE   STATE  WRITTEN  FILTERED  REJECTED  FAILED  DROPPED  PENDING  LAG  LAST ERROR
file  jsonl  ok       1,200         0         0       0        0        0    -

KIND          SEEN/s  TOLD/s   TOLD  LOST  FROM
process.exec      20     2.5  1,200     0  tp_btf

CACHE      ENTRIES   LIMIT  EVICTED
processes      412  32,768       12
names            7       -        0

EVENTS  PROGRAM
   812  /usr/bin/make
   40~  /usr/bin/cc

EVENTS  PERSON
   900  alice@mac
)");
}

TEST(Status, TextSaysFirstWhatIsWrong) {
    const std::string text = status_text(sick_status());
    EXPECT_TRUE(
        text.starts_with("whodid v1.2 on web-17: WRONG, up 1d01h\n! the pump has not moved for 12s\n! "))
        << text;
    EXPECT_NE(text.find("\nconfig    /etc/whodid/whodid.yaml, REFUSED at 14:20:00.000\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("\notlp  otlp   DOWN "), std::string::npos) << text;
    EXPECT_NE(text.find("\nfile.open "), std::string::npos) << "what lost any is there: " << text;
    EXPECT_NE(text.find("fexit, lsm (partial)\n"), std::string::npos) << text;
    for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
}

TEST(Status, TextHasTheBusiestKinds) {
    Status status = sample_status();
    status.rates.clear();
    for (std::uint16_t kind = 1; kind < 30; ++kind)
        if (name_of_kind(kind) != "unknown") status.rates.push_back({kind, 1.0 * kind, 0});
    const std::uint16_t least = status.rates.front().kind, most = status.rates.back().kind;
    const std::string text = status_text(status);
    EXPECT_NE(text.find('\n' + std::string(name_of_kind(most)) + ' '), std::string::npos) << text;
    EXPECT_EQ(text.find('\n' + std::string(name_of_kind(least)) + ' '), std::string::npos) << text;
}

TEST(Status, Json) {
    const std::string line = status_json(sick_status());
    EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
    const Json json = Json::parse(line);
    EXPECT_EQ(json["format"], 1);
    EXPECT_EQ(json["healthy"], false);
    EXPECT_EQ(json["ready"], true);
    EXPECT_EQ(json["troubles"].size(), 5u);
    EXPECT_EQ(json["pid"], 812);
    EXPECT_EQ(json["start_time"], "2026-11-24T13:00:00.000000000Z");
    EXPECT_EQ(json["uptime_s"], 90000);
    EXPECT_EQ(json["config"]["refused"], 1);
    EXPECT_EQ(json["lost"], 1041);
    EXPECT_EQ(json["kinds"]["process.exec"]["backends"], Json({"tp_btf"}));
    EXPECT_EQ(json["kinds"]["process.exec"]["seen_per_s"], 20.25);
    EXPECT_EQ(json["kinds"]["process.exec"]["ledger"]["filtered"], 300);
    EXPECT_EQ(json["kinds"]["file.open"]["partial"], true);
    EXPECT_EQ(json["ledger"]["ring_full"], 1041);
    EXPECT_EQ(json["sinks"][1]["down"], true);
    EXPECT_EQ(json["sinks"][1]["lag_s"], 182.5);
    EXPECT_EQ(json["sinks"][1]["error_time"], "2026-11-24T14:20:00.000000000Z");
    EXPECT_FALSE(json["sinks"][0].contains("error")) << "absent, not empty";
    EXPECT_FALSE(json["caches"][1].contains("limit"));
    EXPECT_EQ(json["caches"][0]["evicted"], 12);
    EXPECT_EQ(json["rings"][1]["used_bytes"], 4 << 20);
    EXPECT_EQ(json["rings"][1]["peak_bytes"], 5 << 20);
    EXPECT_EQ(json["rings"][1]["fill"], 0.25);
    EXPECT_EQ(json["traces"]["clients"], 1);
    EXPECT_EQ(json["traces"]["dropped"], 41);
    EXPECT_EQ(json["top_programs"][0]["name"], "/tmp/\x1b]0;x\x07\xef\xbf\xbd\"");
}

TEST(Status, JsonOfNothingIsJsonToo) {
    Status status;
    status.cpu_s = std::numeric_limits<double>::infinity();
    const Json json = Json::parse(status_json(status));
    EXPECT_EQ(json["kinds"], Json::object());
    EXPECT_EQ(json["sinks"], Json::array());
    EXPECT_FALSE(json.contains("cpu_s"));
    EXPECT_FALSE(json.contains("profile"));
}

TEST(Status, Metrics) {
    const std::string text = prometheus_text(metrics_of(sick_status()));
    for (const char* line : {
             "whodid_events_total{kind=\"process.exec\"} 1207",
             "whodid_events_lost_total{stage=\"kernel_ring\"} 1041",
             "whodid_events_lost_total{stage=\"worker\"} 0",
             "whodid_ledger_events_total{column=\"filtered\"} 300",
             "whodid_ledger_overruns 1",
             "whodid_backend{kind=\"file.open\",backend=\"lsm\"} 1",
             "whodid_sink_up{sink=\"otlp\"} 0",
             "whodid_sink_written_total{sink=\"file\"} 1200",
             "whodid_sink_pending_size_bytes{sink=\"otlp\"} 1048576",
             "whodid_sink_lag_seconds{sink=\"otlp\"} 182.5",
             "whodid_cache_entries{cache=\"processes\"} 412",
             "whodid_cache_limit{cache=\"processes\"} 32768",
             "whodid_cache_evicted_total{cache=\"processes\"} 12",
             "whodid_ring_pending_bytes{ring=\"events\"} 4194304",
             "whodid_ring_size_bytes{ring=\"events\"} 16777216",
             "whodid_ring_peak_bytes{ring=\"events\"} 5242880",
             "whodid_trace_clients 1",
             "whodid_trace_dropped_total 41",
             "whodid_build_info{version=\"v1.2\"} 1",
             "whodid_unserved 0",
             "whodid_budget_step 0",
             "whodid_config_reloads_total{result=\"refused\"} 1",
             "process_resident_memory_bytes 4.8e+07",
             "process_cpu_seconds_total 720",
             "process_start_time_seconds 1795525200",
         })
        EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << " in\n" << text;
}

/// A label that anybody can put a new value into fills the memory of whoever collects.
TEST(Status, NoNameOfAnybodysIsALabel) {
    const std::string text = prometheus_text(metrics_of(sample_status()));
    for (const char* name : {"make", "alice", "web-17"})
        EXPECT_EQ(text.find(name), std::string::npos) << name;
    const std::set<std::string_view> few = {"kind",  "stage", "column",  "backend", "sink",
                                            "cache", "ring",  "version", "result"};
    for (const Metric& metric : metrics_of(sample_status()))
        for (const MetricPoint& point : metric.points)
            for (const auto& [label, value] : point.labels) EXPECT_TRUE(few.contains(label)) << label;
}

TEST(Status, PromtoolTakesTheMetrics) {
    if (!test::has_promtool()) GTEST_SKIP() << "no promtool: apt-get install prometheus";
    EXPECT_EQ(test::promtool_says(prometheus_text(metrics_of(sick_status()))), "");
    EXPECT_EQ(test::promtool_says(prometheus_text(metrics_of(Status{}))), "");
}

TEST(Status, WhatThisProcessTells) {
    Status status;
    status.start_boot_ns = boot_now_ns() - 5'000'000'000;
    describe_process(status);
    EXPECT_EQ(status.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_GE(status.uptime_ns, 5'000'000'000u);
    EXPECT_GT(status.cpu_s, 0);
    EXPECT_GT(status.resident_bytes, 500'000u);
    EXPECT_FALSE(status.version.empty() || status.host.empty() || status.kernel.empty());
    status.start_boot_ns = boot_now_ns() + 1'000'000'000'000;
    describe_process(status);
    EXPECT_EQ(status.uptime_ns, 0u);
}

TEST(Status, BackendsOfHooks) {
    std::vector<Hook> hooks;
    for (const HookUse& use : hook_uses())
        for (const std::uint16_t kind : use.kinds)
            if (kind == REC_FILE_RENAME) hooks.push_back({std::string(use.program), "", "", false, false});
    ASSERT_GE(hooks.size(), 3u);
    hooks[0].where = "tp/syscalls/sys_exit_rename";
    hooks[1].where = "lsm/path_rename";
    hooks[2].where = "fexit/__x64_sys_rename";
    hooks[2].absent = "another one does the same";
    hooks[2].spare = true;
    hooks.resize(3);
    const auto find = [&] {
        for (const KindBackends& backends : backends_of(hooks))
            if (backends.kind == REC_FILE_RENAME) return backends;
        return KindBackends{};
    };
    EXPECT_EQ(find().attached, (Texts{"lsm", "tracepoint"}));
    EXPECT_FALSE(find().partial);
    hooks[2].spare = false;
    EXPECT_TRUE(find().partial);
    EXPECT_TRUE(backends_of({}).empty());
    EXPECT_EQ(name_of_kind(0), "unknown");
}

}  // namespace
}  // namespace whodid
