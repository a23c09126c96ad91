// SPDX-License-Identifier: Apache-2.0
// Whether uretprobes may be used, by what became of who ran into one.
#include "source/uretprobe.h"

#include <gtest/gtest.h>

#include <csignal>

namespace whodid {
namespace {

constexpr int exited(int code) { return code << 8; }

TEST(Uretprobe, IsHarmlessWhereTheChildEndsByItself) { EXPECT_TRUE(judge_uretprobe(exited(0))); }

// timesyncd and others died of it on 6.11 to 6.13.
TEST(Uretprobe, IsRefusedWhereTheFilterKills) {
    for (const int signal : {SIGSYS, SIGSYS | 0x80, SIGKILL}) {  // 0x80: with a core
        const auto judged = judge_uretprobe(signal);
        ASSERT_FALSE(judged);
        EXPECT_EQ(judged.error().code, EOPNOTSUPP);
        EXPECT_NE(judged.error().message.find("kill services behind seccomp filters"), std::string::npos);
        EXPECT_NE(judged.error().message.find("leave --pam-uprobes out"), std::string::npos);
    }
}

TEST(Uretprobe, IsRefusedWhereNothingIsKnown) {
    for (const int status : {exited(1), static_cast<int>(SIGSEGV)}) {
        const auto judged = judge_uretprobe(status);
        ASSERT_FALSE(judged);
        EXPECT_NE(judged.error().message.find("cannot find out"), std::string::npos);
    }
}

}  // namespace
}  // namespace whodid
