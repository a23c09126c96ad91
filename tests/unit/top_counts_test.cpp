// SPDX-License-Identifier: Apache-2.0
// The names that come most often.
#include "base/top_counts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace whodid {
namespace {

using Entries = std::vector<TopCounts::Entry>;

TEST(TopCounts, ExactWhileThereIsRoom) {
    TopCounts counts(3);
    EXPECT_EQ(counts.top(10), Entries{});
    for (const char* name : {"b", "a", "b", "c", "b", "c"}) counts.add(name);
    EXPECT_EQ(counts.top(10), (Entries{{"b", 3, 0}, {"c", 2, 0}, {"a", 1, 0}}));
    EXPECT_EQ(counts.top(1), (Entries{{"b", 3, 0}}));
    EXPECT_EQ(counts.total(), 6u);
}

TEST(TopCounts, ANewNameTakesTheLeastOnesPlaceAndCount) {
    TopCounts counts(2);
    counts.add("a", 5);
    counts.add("b", 2);
    counts.add("c");
    EXPECT_EQ(counts.top(10), (Entries{{"a", 5, 0}, {"c", 3, 2}}));
    counts.add("b");
    EXPECT_EQ(counts.top(10), (Entries{{"a", 5, 0}, {"b", 4, 3}}));
}

TEST(TopCounts, EqualOnesByName) {
    TopCounts counts(3);
    for (const char* name : {"z", "m", "a"}) counts.add(name);
    EXPECT_EQ(counts.top(2), (Entries{{"a", 1, 0}, {"m", 1, 0}}));
}

TEST(TopCounts, LongNamesAreCut) {
    TopCounts counts(2);
    const std::string path(TopCounts::kNameBytesMax, 'x');
    counts.add(path + "1");
    counts.add(path + "2");
    EXPECT_EQ(counts.top(10), (Entries{{path, 2, 0}}));
}

TEST(TopCounts, NoPlaceAtAllIsOne) {
    TopCounts counts(0);
    counts.add("a");
    counts.add("b");
    EXPECT_EQ(counts.top(10), (Entries{{"b", 2, 1}}));
}

/// What the paper proves, on a stream in which a few names are frequent and most come once.
TEST(TopCounts, BoundsHoldOnASkewedStream) {
    constexpr std::size_t kPlaces = 20;
    std::mt19937 random(7);
    std::geometric_distribution<int> few(0.1);
    TopCounts counts(kPlaces);
    std::map<std::string, std::uint64_t> exact;
    for (int i = 0; i < 20'000; ++i) {
        const std::string name = i % 4 ? std::to_string(few(random)) : "once " + std::to_string(i);
        counts.add(name);
        ++exact[name];
    }
    const Entries top = counts.top(kPlaces);
    EXPECT_EQ(top.size(), kPlaces);
    std::uint64_t sum = 0;
    std::map<std::string, TopCounts::Entry> kept;
    for (const TopCounts::Entry& entry : top) {
        EXPECT_LE(entry.count - entry.error, exact[entry.name]) << entry.name;
        EXPECT_GE(entry.count, exact[entry.name]) << entry.name;
        sum += entry.count;
        kept[entry.name] = entry;
    }
    EXPECT_EQ(sum, counts.total()) << "each act is in one count";
    for (const auto& [name, count] : exact)
        EXPECT_TRUE(kept.contains(name) || count <= counts.total() / kPlaces) << name << ' ' << count;
    EXPECT_TRUE(kept.contains("0")) << "the most frequent";
}

}  // namespace
}  // namespace whodid
