// SPDX-License-Identifier: Apache-2.0
// The benchmark's statistics.
#include <gtest/gtest.h>

#include <random>

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

TEST(BenchStats, RatiosAreOfThePairs) {
    Pairs pairs;
    pairs.add(100, 110);
    pairs.add(1000, 1200);
    pairs.add(10, 13);
    EXPECT_DOUBLE_EQ(pairs.ratio().median, 1.2);
    EXPECT_FALSE(pairs.ratio_interval());
}

// The ranks and confidences that tables of the binomial distribution have (n, k, 1 - 2 P(X < k)).
TEST(BenchStats, TheIntervalOfTheMedianHasTheTablesRanks) {
    struct {
        std::size_t n, k;
        double confidence;
    } const rows[] = {{6, 1, 0.96875},      {8, 1, 0.9921875},   {9, 2, 0.9609375},
                      {10, 2, 0.978515625}, {15, 4, 0.96484375}, {20, 6, 0.95861}};
    for (const auto& row : rows) {
        std::vector<double> values;
        for (std::size_t i = row.n; i > 0; --i) values.push_back(static_cast<double>(i));
        const auto interval = median_interval(values);
        ASSERT_TRUE(interval) << row.n;
        EXPECT_EQ(interval->low, static_cast<double>(row.k)) << row.n;
        EXPECT_EQ(interval->high, static_cast<double>(row.n + 1 - row.k)) << row.n;
        EXPECT_NEAR(interval->confidence, row.confidence, 1e-5) << row.n;
    }
}

TEST(BenchStats, FiveValuesCannotTellWhereTheMedianIs) {
    EXPECT_FALSE(median_interval({}));
    EXPECT_FALSE(median_interval({1, 2, 3, 4, 5}));
}

// What the confidence means: of many samples, that share has the true median in its interval.
TEST(BenchStats, TheIntervalHoldsTheMedianAsOftenAsItSays) {
    std::mt19937 random(1);
    std::lognormal_distribution<double> skewed(0, 1);  // its median is 1
    constexpr int kSamples = 4000;
    int held = 0;
    double confidence = 0;
    for (int i = 0; i < kSamples; ++i) {
        std::vector<double> sample(10);
        for (double& value : sample) value = skewed(random);
        const auto interval = median_interval(sample);
        ASSERT_TRUE(interval);
        confidence = interval->confidence;
        held += interval->low <= 1 && 1 <= interval->high;
    }
    EXPECT_NEAR(static_cast<double>(held) / kSamples, confidence, 0.01);
}

}  // namespace
}  // namespace whodid::bench
