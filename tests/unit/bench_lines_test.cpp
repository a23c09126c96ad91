// SPDX-License-Identifier: Apache-2.0
// What the benchmark reads of others' output.
#include <gtest/gtest.h>

#include "bench/lines.h"

namespace whodid::bench {
namespace {

TEST(BenchLines, AllWordsHaveToBeInTheLine) {
    const Words words = {"type=SYSCALL", " pid=71 "};
    EXPECT_TRUE(has_all("type=SYSCALL msg=audit(1:2): ppid=3 pid=71 uid=0", words));
    EXPECT_FALSE(has_all("type=SYSCALL msg=audit(1:2): ppid=71 pid=3 uid=0", words));
    EXPECT_FALSE(has_all("type=CWD pid=71 ", words));
}

TEST(BenchLines, FillsEveryPlace) {
    const std::pair<std::string, std::string> values[] = {{"{pid}", "71"}, {"{path}", "/tmp/{pid}"}};
    EXPECT_EQ(fill("open {pid} {pid}, {path}", values), "open 71 71, /tmp/{pid}");
    EXPECT_EQ(fill("exec", values), "exec");
}

TEST(BenchLines, ReadsWhatAuditctlSays) {
    const auto status = parse_audit_status(
        "enabled 1\nfailure 1\npid 812\nrate_limit 0\nbacklog_limit 8192\nlost 3\nbacklog 0\n"
        "backlog_wait_time 15000\nbacklog_wait_time_actual 0\nloginuid_immutable 0 unlocked\n");
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, (AuditStatus{1, 812, 8192, 3}));
}

TEST(BenchLines, NoStatusIsNotAStatusOfZeros) {
    EXPECT_FALSE(parse_audit_status("Error - audit support not in kernel\n"));
    EXPECT_FALSE(parse_audit_status("enabled 1\npid 0\n"));
    EXPECT_FALSE(parse_audit_status("enabled yes\npid 0\nbacklog_limit 64\nlost 0\n"));
}

}  // namespace
}  // namespace whodid::bench
