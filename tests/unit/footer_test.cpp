// SPDX-License-Identifier: Apache-2.0
// What a run says at its end.
#include "app/footer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "made_event.h"

namespace whodid {
namespace {

struct Footer : testing::Test, test::Maker {
    Ledger ledger;
    Filter filter = std::move(*Filter::compile({}, {}));
    std::string text(std::uint64_t shown) { return footer(ledger, filter, shown); }

    /// `count` of a kind that went all the way to the filter, which keeps them back.
    void hide(const Event& e, std::uint64_t count) {
        LedgerLine& line = ledger[e.kind->id];
        line.kernel.seen = line.kernel.emitted = line.received = line.delivered = line.filtered = count;
        for (std::uint64_t i = 0; i < count; ++i) filter.keeps(e);
    }
};

TEST_F(Footer, Quiet) {
    EXPECT_EQ(text(0), "0 events shown\n0 lost\n");
    EXPECT_EQ(text(1), "1 event shown\n0 lost\n");
}

TEST_F(Footer, KeptBackTheMostFirst) {
    hide(event(record<rec_exit>(REC_PROCESS_EXIT), alice()), 7);
    hide(event(record<rec_fork>(REC_PROCESS_FORK), alice()), 1500);
    EXPECT_EQ(
        text(12),
        "12 events shown; kept back: process.fork 1,500, process.exit 7 (a kind by its name, all with -a)\n"
        "0 lost\n");
}

TEST_F(Footer, LongListsAreCut) {
    int n = 10;
    for (std::uint16_t kind : {REC_NETWORK_BIND, REC_NETWORK_SEND, REC_NETWORK_CLOSE, REC_NETWORK_DNS})
        hide(net(kind, alice()), static_cast<std::uint64_t>(n++));
    hide(event(record<rec_exit>(REC_PROCESS_EXIT), alice()), 3);
    hide(event(record<rec_fork>(REC_PROCESS_FORK), alice()), 2);
    hide(file(REC_FILE_OPEN, "/usr/lib/x", alice()), 1);
    EXPECT_NE(text(0).find("process.exit 3, 3 of 2 other kinds ("), std::string::npos) << text(0);
}

TEST_F(Footer, LossesByKind) {
    ledger[REC_FILE_OPEN].kernel.seen = 1040;
    ledger[REC_FILE_OPEN].kernel.ring_full = 1040;
    ledger[REC_PROCESS_EXEC].kernel.seen = ledger[REC_PROCESS_EXEC].kernel.no_slot = 1;
    ledger[REC_PROCESS_EXEC].folded = 5;
    EXPECT_EQ(text(3),
              "3 events shown\n5 folded into others; LOST 1,041: file.open 1,040, process.exec 1; "
              "--ring-size 64M makes more room\n");
}

TEST_F(Footer, WhatTheBudgetLeftOut) {
    LedgerLine& line = ledger[REC_PROCESS_EXEC];
    line.kernel.seen = line.kernel.emitted = line.received = line.delivered = 1500;
    line.shed = 1488;
    line.written = 12;
    EXPECT_EQ(text(12), "12 events shown\n1,488 left out by the budget; 0 lost\n");
    EXPECT_TRUE(ledger.imbalances().empty());
    EXPECT_NE(ledger_text(ledger).find(" shed "), std::string::npos);
    const auto l = nlohmann::json::parse(ledger_json(ledger, filter, 12))["ledger"];
    EXPECT_EQ(l["kinds"]["process.exec"]["shed"], 1488);
}

TEST_F(Footer, RunsThatTheKernelSkippedAreLost) {
    ledger[REC_FILE_OPEN].missed = 3;
    EXPECT_EQ(text(0), "0 events shown\nLOST 3: file.open 3\n");
    EXPECT_TRUE(ledger.imbalances().empty()) << "nobody saw them";
    const auto l = nlohmann::json::parse(ledger_json(ledger, filter, 0))["ledger"];
    EXPECT_EQ(l["lost"], 3);
    EXPECT_EQ(l["kinds"]["file.open"]["missed"], 3);
}

TEST_F(Footer, LedgerAsText) {
    hide(event(record<rec_fork>(REC_PROCESS_FORK), alice()), 2);
    const std::string table = ledger_text(ledger);
    EXPECT_NE(table.find("process.fork             2         2         2         2         2\n"),
              std::string::npos)
        << table;
    EXPECT_EQ(table.find("balance"), std::string::npos);
    ledger[REC_PROCESS_FORK].received = 1;
    EXPECT_NE(ledger_text(ledger).find("ledger does not balance: "), std::string::npos);
}

TEST_F(Footer, LedgerAsJson) {
    hide(event(record<rec_fork>(REC_PROCESS_FORK), alice()), 2);
    ledger[REC_FILE_OPEN].kernel.seen = ledger[REC_FILE_OPEN].kernel.ring_full = 9;
    const std::string line = ledger_json(ledger, filter, 12);
    EXPECT_TRUE(line.starts_with("{\"ledger\":{\"version\":1,"));
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto l = nlohmann::json::parse(line)["ledger"];
    EXPECT_EQ(l["balanced"], true);
    EXPECT_EQ(l["shown"], 12);
    EXPECT_EQ(l["lost"], 9);
    EXPECT_EQ(l["kinds"]["process.fork"]["emitted"], 2);
    EXPECT_EQ(l["kinds"]["process.fork"]["kept_back"], 2);
    EXPECT_EQ(l["kinds"]["file.open"]["ring_full"], 9);
    EXPECT_FALSE(l["kinds"].contains("process.exec")) << "nothing happened to it";
    EXPECT_EQ(l["total"]["seen"], 11);
    ledger[REC_PROCESS_FORK].received = 1;
    const auto off = nlohmann::json::parse(ledger_json(ledger, filter, 12))["ledger"];
    EXPECT_EQ(off["balanced"], false);
    EXPECT_FALSE(off["imbalances"].empty());
}

}  // namespace
}  // namespace whodid
