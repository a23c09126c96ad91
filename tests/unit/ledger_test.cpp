// SPDX-License-Identifier: Apache-2.0
// The ledger's sums.
#include "base/ledger.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

LedgerLine balanced() {
    LedgerLine l;
    l.kernel.seen = 100;
    l.kernel.gated = 10;
    l.kernel.folded = l.closed = 20;
    l.kernel.ring_full = 3;
    l.kernel.no_slot = 2;
    l.kernel.emitted = l.received = 65;
    l.made = 5;
    l.malformed = 1;
    l.consumed = 4;
    l.folded = 15;
    l.delivered = 50;
    l.filtered = 30;
    l.shed = 7;
    l.written = 13;
    return l;
}

TEST(Ledger, Trap42_EveryStationMustBalance) {
    struct Case {
        const char* station;
        std::uint64_t LedgerLine::*member;
    };
    Ledger ledger;
    ledger[REC_FILE_OPEN] = balanced();
    EXPECT_TRUE(ledger.imbalances().empty());
    for (const Case& c : {Case{"folds", &LedgerLine::closed}, Case{"ring", &LedgerLine::received},
                          Case{"pump", &LedgerLine::malformed}, Case{"pump", &LedgerLine::consumed},
                          Case{"pump", &LedgerLine::folded}, Case{"pump", &LedgerLine::made},
                          Case{"sink", &LedgerLine::filtered}, Case{"sink", &LedgerLine::shed},
                          Case{"sink", &LedgerLine::written}}) {
        Ledger off = ledger;
        ++(off[REC_FILE_OPEN].*c.member);
        const auto found = off.imbalances();
        ASSERT_FALSE(found.empty()) << c.station;
        EXPECT_NE(found[0].find(c.station), std::string::npos) << found[0];
        EXPECT_NE(found[0].find("kind 10"), std::string::npos) << found[0];
    }
    Ledger off = ledger;
    ++off[REC_FILE_OPEN].kernel.seen;
    EXPECT_EQ(off.imbalances(), std::vector<std::string>{"kind 10: kernel: 101 in, 100 accounted for"});
}

TEST(Ledger, WithoutAKernelTheRingIsNotAsked) {
    Ledger ledger;
    ledger[REC_PROCESS_EXEC].received = ledger[REC_PROCESS_EXEC].consumed = 7;
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST(Ledger, TotalIsTheSumOfAllKinds) {
    Ledger ledger;
    ledger[REC_FILE_OPEN] = ledger[REC_PROCESS_EXEC] = ledger[0] = balanced();
    const LedgerLine sum = ledger.total();
    EXPECT_EQ(sum.kernel.seen, 300u);
    EXPECT_EQ(sum.kernel.no_slot, 6u);
    EXPECT_EQ(sum.received, 195u);
    EXPECT_EQ(sum.made, 15u);
    EXPECT_EQ(sum.shed, 21u);
    EXPECT_EQ(sum.written, 39u);
}

TEST(Ledger, UnknownKindsAreCountedToo) {
    Ledger ledger;
    ++ledger[WHODID_KIND_MAX].malformed;
    ++ledger[65535].malformed;
    EXPECT_EQ(ledger[0].malformed, 2u);
}

}  // namespace
}  // namespace whodid
