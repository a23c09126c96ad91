// SPDX-License-Identifier: Apache-2.0
// How many events there were lately.
#include "app/event_rates.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

struct EventRatesTest : testing::Test {
    Ledger ledger;
    EventRates rates;
    std::uint64_t now_ns = 1000 * kSecond;

    /// A second passes in which so many execs are seen, and half of them told.
    void second(std::uint64_t execs) {
        now_ns += kSecond;
        ledger[REC_PROCESS_EXEC].kernel.seen += execs;
        ledger[REC_PROCESS_EXEC].written += execs / 2;
        rates.take(ledger, now_ns);
    }
};

TEST_F(EventRatesTest, NothingBeforeTheSecondTake) {
    EXPECT_TRUE(rates.rates().empty());
    EXPECT_EQ(rates.lost(), 0u);
    ledger[REC_PROCESS_EXEC].kernel.seen = 1'000'000;
    ledger[REC_PROCESS_EXEC].kernel.ring_full = 5;
    rates.take(ledger, now_ns);
    EXPECT_TRUE(rates.rates().empty()) << "what was before it is not lately";
    EXPECT_EQ(rates.lost(), 0u);
}

TEST_F(EventRatesTest, SinceTheFirstTake) {
    rates.take(ledger, now_ns);
    second(10);
    second(20);
    ASSERT_EQ(rates.rates().size(), 1u);
    EXPECT_EQ(rates.rates()[0].kind, REC_PROCESS_EXEC);
    EXPECT_DOUBLE_EQ(rates.rates()[0].seen_per_s, 15);
    EXPECT_DOUBLE_EQ(rates.rates()[0].told_per_s, 7.5);
}

TEST_F(EventRatesTest, OnlyTheLastMinute) {
    rates.take(ledger, now_ns);
    for (int i = 0; i < 30; ++i) second(1000);
    ledger[REC_FILE_OPEN].missed = 7;
    second(1000);
    EXPECT_EQ(rates.lost(), 7u);
    for (int i = 0; i < 66; ++i) second(4);
    EXPECT_DOUBLE_EQ(rates.rates()[0].seen_per_s, 4);
    EXPECT_EQ(rates.lost(), 0u);
    for (int i = 0; i < 66; ++i) second(0);
    EXPECT_TRUE(rates.rates().empty());
}

TEST_F(EventRatesTest, MadeEventsAreSeenToo) {
    rates.take(ledger, now_ns);
    ledger[REC_AUTH_ATTEMPT].made = 3;
    second(0);
    EXPECT_DOUBLE_EQ(rates.rates()[0].seen_per_s, 3);
}

TEST_F(EventRatesTest, ACountThatFallsIsNoRate) {
    second(10);
    ledger[REC_PROCESS_EXEC] = {};
    second(0);
    EXPECT_TRUE(rates.rates().empty());
}

}  // namespace
}  // namespace whodid
