// SPDX-License-Identifier: Apache-2.0
// The benchmark's report: JSON that a parser takes, a table that leaves out what was not measured.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/report.h"

namespace whodid::bench {
namespace {

using Json = nlohmann::json;

Pairs pairs_of(unsigned count) {
    Pairs pairs;
    for (unsigned i = 0; i < count; ++i) pairs.add(100, 110 + i);
    return pairs;
}

Peer a_peer() {
    Peer peer;
    peer.name = "bpftrace";
    peer.loads.push_back({"open, ENOENT", pairs_of(6), pairs_of(6), true, 1000, 990});
    peer.loads.push_back({"getppid", pairs_of(6), pairs_of(6), false, 1000, 0});
    return peer;
}

HookRow a_row(std::string name, std::string measure, double added) {
    HookRow row;
    row.name = std::move(name);
    row.measure = std::move(measure);
    row.loads.resize(1);
    for (int i = 0; i < 3; ++i) row.loads[0].add(1000, 1000 + added);
    return row;
}

Hooks some_hooks() {
    Hooks hooks;
    hooks.loads = {"open, ENOENT"};
    hooks.rows = {a_row("empty program", "empty", 200), a_row("bare program", "bare", 400),
                  a_row("trace -a", "", 500)};
    hooks.rows[2].ledger.seen = 1000;
    hooks.rows[2].ledger.folded = 990;
    return hooks;
}

Idle an_idle() {
    Idle idle;
    idle.seconds = 20;
    idle.cpu_s = 0.05;
    idle.busy = 0.01;
    idle.lines = 3;
    idle.ledger.seen = 77;
    return idle;
}

Report a_report() {
    Report report;
    report.fold = report.floor = some_hooks();
    report.idle = an_idle();
    report.peers = {a_peer()};
    Peer absent;
    absent.name = "auditd";
    absent.not_run = "it said \"\xff\" and\n went";
    report.peers.push_back(absent);
    WorkFigures work;
    work.name = "make";
    work.cpu = work.wall = pairs_of(2);
    work.events = 1000;
    report.working.works.push_back(work);
    report.working.open.add(1000, 2000);
    MemoryRow row;
    row.name = "100 processes";
    row.memory.resident = 2048;
    report.memories.push_back(row);
    row.name = "100 replayed";
    row.most = true;
    report.memories.push_back(row);
    report.filters.events = 500;
    report.filters.rows.push_back({"set", 10, pairs_of(6)});
    report.seals.openssl_ns = {900, 1000, 1100};
    report.seals.rows.push_back({600, pairs_of(6)});
    return report;
}

std::string table_of(const Report& report) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = ::open_memstream(&text, &size);
    print_table(report, out);
    std::fclose(out);
    std::string table(text, size);
    std::free(text);
    return table;
}

TEST(BenchReport, EverySectionIsInTheJson) {
    const Json json = Json::parse(to_json(a_report()));
    const Json& peer = json.at("peers").at(0);
    EXPECT_EQ(peer.at("told_all"), false);
    EXPECT_EQ(peer.at("loads").at(0).at("lines"), 990);
    EXPECT_FALSE(peer.at("loads").at(1).contains("lines"));
    EXPECT_DOUBLE_EQ(peer.at("loads").at(0).at("cpu_ns").at("ratio_interval").at("low"), 1.10);
    const Json& work = json.at("work").at("works").at(0);
    EXPECT_TRUE(work.at("cpu_s").at("ratio_interval").is_null());
    EXPECT_DOUBLE_EQ(work.at("events_share_of_cpu"), 1000 * 1000 / (100 * 1e9));
    EXPECT_EQ(json.at("memory").at(0).at("memory_kib").at("resident"), 2048);
    EXPECT_EQ(json.at("memory").at(1).at("resident_most_kib"), 2048);
    EXPECT_EQ(json.at("filters").at("rows").at(0).at("terms"), 10);
    EXPECT_EQ(json.at("seals").at("openssl_ns_a_kib").at("median"), 1000);
    EXPECT_EQ(json.at("seals").at("rows").at(0).at("line_bytes"), 600);
}

TEST(BenchReport, ARowIsHeldAgainstTheMeasuresBeforeIt) {
    const Json json = Json::parse(to_json(a_report()));
    const Json& rows = json.at("floor");
    EXPECT_FALSE(rows.at(0).at("loads").at(0).contains("times_empty"));
    EXPECT_EQ(rows.at(1).at("loads").at(0).at("times_empty").at("median"), 2);
    EXPECT_EQ(rows.at(2).at("loads").at(0).at("times_empty").at("median"), 2.5);
    EXPECT_EQ(rows.at(2).at("loads").at(0).at("times_bare").at("median"), 1.25);
    EXPECT_EQ(json.at("fold").at(2).at("ledger").at("folded"), 990);
    const std::string table = table_of(a_report());
    EXPECT_NE(table.find("2.50 [2.50..2.50] x empty"), std::string::npos);
    EXPECT_NE(table.find("1.25 [1.25..1.25] x bare"), std::string::npos);
    EXPECT_NE(table.find("of 1000 acts seen 99.00 % were folded"), std::string::npos);
}

TEST(BenchReport, AProgramThatCannotBeAttachedIsNoMeasure) {
    Report report;
    report.floor = some_hooks();
    report.floor.rows[1].not_run = "no such tracepoint";
    report.floor.rows[1].loads[0] = {};
    const Json json = Json::parse(to_json(report));
    EXPECT_EQ(json.at("floor").at(1).at("not_run"), "no such tracepoint");
    EXPECT_FALSE(json.at("floor").at(2).at("loads").at(0).contains("times_bare"));
    EXPECT_EQ(table_of(report).find("x bare"), std::string::npos);
}

TEST(BenchReport, IdlingIsAShareOfACpu) {
    const Json json = Json::parse(to_json(a_report()));
    EXPECT_DOUBLE_EQ(json.at("idle").at("share_of_a_cpu"), 0.0025);
    EXPECT_NE(table_of(a_report()).find("0.25 % of a CPU (50.0 ms); 3 lines"), std::string::npos);
    EXPECT_NE(table_of(a_report()).find("77 acts seen"), std::string::npos);
}

TEST(BenchReport, WhateverAToolSaysTheJsonIsValid) {
    const Json json = Json::parse(to_json(a_report()));
    EXPECT_EQ(json.at("peers").at(1).at("not_run"), "it said \"\xef\xbf\xbd\" and\n went");
    EXPECT_FALSE(json.at("peers").at(1).contains("loads"));
}

TEST(BenchReport, NothingMeasuredIsStillAReport) {
    const Json json = Json::parse(to_json(Report{}));
    EXPECT_FALSE(json.contains("peers"));
    for (const char* section : {"filters", "fold", "floor", "idle", "seals"})
        EXPECT_FALSE(json.contains(section));
    EXPECT_EQ(table_of(Report{}).find("\n6."), std::string::npos);
}

TEST(BenchReport, TheTableSaysWhatWasNotRunAndWhoToldNotAll) {
    const std::string table = table_of(a_report());
    EXPECT_NE(table.find("auditd: not run: it said"), std::string::npos);
    EXPECT_NE(table.find("NOT ALL ACTS ARE IN ITS OUTPUT"), std::string::npos);
    EXPECT_NE(table.find("99.00 %"), std::string::npos);
    EXPECT_NE(table.find("too few pairs"), std::string::npos);
    EXPECT_NE(table.find("1.125 [1.100..1.150]"), std::string::npos);
}

TEST(BenchReport, APeerThatTellsAllIsNotBlamed) {
    Report report;
    report.peers = {a_peer()};
    report.peers[0].loads[0].lines = 1000;
    EXPECT_EQ(table_of(report).find("NOT ALL"), std::string::npos);
}

}  // namespace
}  // namespace whodid::bench
