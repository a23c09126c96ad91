// SPDX-License-Identifier: Apache-2.0
// Which name a process had asked for.
#include "enrich/host_names.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr ProcessKey kCurl{100, 5}, kWget{101, 6};

TEST(HostNames, TheLastQuestionOfTheProcess) {
    HostNames names;
    names.asked(kCurl, "a.example", 10 * kSecond);
    names.asked(kCurl, "b.example", 11 * kSecond);
    EXPECT_EQ(names.recall(kCurl, 12 * kSecond), "b.example");
    EXPECT_EQ(names.recall(kWget, 12 * kSecond), "");
    EXPECT_EQ(names.recall(kCurl, 21 * kSecond), "b.example");
    EXPECT_EQ(names.recall(kCurl, 22 * kSecond), "");
}

TEST(HostNames, Trap24_ANumberUsedAgainIsAnotherProcess) {
    HostNames names;
    names.asked(kCurl, "a.example", 10 * kSecond);
    EXPECT_EQ(names.recall({kCurl.tgid, kCurl.start_ns + 1}, 10 * kSecond), "");
}

TEST(HostNames, AConnectionKeepsItsName) {
    HostNames names;
    names.connected(0xffff8880, "a.example");
    names.connected(0, "b.example");
    names.connected(0xffff8881, "");
    EXPECT_EQ(names.closed(0xffff8880), "a.example");
    EXPECT_EQ(names.closed(0xffff8880), "");
    EXPECT_EQ(names.closed(0xffff8881), "");
    EXPECT_EQ(names.closed(0), "");
}

TEST(HostNames, IsBounded) {
    HostNames names;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        names.asked({i, i}, "x.example", i);
        names.connected(i + 1, "x.example");
    }
    EXPECT_EQ(names.recall({99'999, 99'999}, 99'999), "x.example");
}

}  // namespace
}  // namespace whodid
