// SPDX-License-Identifier: Apache-2.0
// Counting by name.
#include "base/tally.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

TEST(Tally, GroupsAreOrderedByBytesThenName) {
    Tally tally;
    tally.add("b", 10);
    tally.add("a", 4);
    tally.add("c", 7);
    tally.add("a", 6);
    const auto groups = tally.groups();
    ASSERT_EQ(groups.size(), 3u);
    EXPECT_EQ(groups[0].name, "a");
    EXPECT_EQ(groups[0].volume, (Volume{2, 10}));
    EXPECT_EQ(groups[1].name, "b");
    EXPECT_EQ(groups[2].volume, (Volume{1, 7}));
    EXPECT_EQ(tally.rest(), Volume());
}

TEST(Tally, WhatHasNoRoomIsCountedAsTheRest) {
    Tally tally(2);
    for (const char* name : {"a", "b", "c", "d", "a"}) tally.add(name, 10);
    EXPECT_EQ(tally.groups().size(), 2u);
    EXPECT_EQ(tally.groups()[0].volume, (Volume{2, 20}));
    EXPECT_EQ(tally.rest(), (Volume{2, 20}));
}

TEST(Tally, NamesTogetherHaveABound) {
    Tally tally;
    const std::string large(Tally::kNameBytesMax - 1, 'x');
    tally.add(large, 1);
    tally.add("ab", 1);
    tally.add("a", 1);
    tally.add("b", 1);
    EXPECT_EQ(tally.groups().size(), 2u);
    EXPECT_EQ(tally.rest(), (Volume{2, 2}));
}

}  // namespace
}  // namespace whodid
