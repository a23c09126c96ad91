// SPDX-License-Identifier: Apache-2.0
// The benchmark's statistics.
#include <gtest/gtest.h>

#include "bench/stats.h"

namespace whodid::bench {
namespace {

TEST(BenchStats, QuantilesAreThoseOfR) {
    // quantile(c(5, 1, 4, 2, 3, 10)) in R: 1.00 2.25 3.50 4.75 10.00
    const std::vector<double> values = {5, 1, 4, 2, 3, 10};
    EXPECT_DOUBLE_EQ(quantile(values, 0), 1);
    EXPECT_DOUBLE_EQ(quantile(values, 1), 10);
    const Summary s = summarize(values);
    EXPECT_DOUBLE_EQ(s.q1, 2.25);
    EXPECT_DOUBLE_EQ(s.median, 3.5);
    EXPECT_DOUBLE_EQ(s.q3, 4.75);
}

TEST(BenchStats, OneValueIsItsOwnQuartiles) {
    const Summary s = summarize({7});
    EXPECT_DOUBLE_EQ(s.q1, 7);
    EXPECT_DOUBLE_EQ(s.median, 7);
    EXPECT_DOUBLE_EQ(s.q3, 7);
}

TEST(BenchStats, NothingHasNoMedian) { EXPECT_TRUE(std::isnan(median({}))); }

TEST(BenchStats, MedianIgnoresAnOutlier) { EXPECT_DOUBLE_EQ(median({3, 1e9, 2}), 3); }

TEST(BenchStats, PairsCancelDrift) {
    Pairs pairs;
    for (const double drift : {0.0, 100.0, 500.0, 1000.0}) pairs.add(1000 + drift, 1050 + drift);
    EXPECT_EQ(pairs.size(), 4u);
    EXPECT_DOUBLE_EQ(pairs.added().q1, 50);
    EXPECT_DOUBLE_EQ(pairs.added().median, 50);
    EXPECT_DOUBLE_EQ(pairs.added().q3, 50);
    EXPECT_DOUBLE_EQ(pairs.base().median, 1300);
}

TEST(BenchStats, ASensorMayLookCheaperThanNone) {
    Pairs pairs;
    pairs.add(100, 90);
    EXPECT_DOUBLE_EQ(pairs.added().median, -10);
}

}  // namespace
}  // namespace whodid::bench
