// SPDX-License-Identifier: Apache-2.0
// passwd and group text.
#include "enrich/passwd.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

TEST(Passwd, Entries) {
    const auto file = parse_passwd(
        "root:x:0:0:root:/root:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        "\n"
        "alice:x:1000:1001:Alice,,,:/home/alice:/bin/zsh");
    ASSERT_EQ(file.entries.size(), 3u);
    EXPECT_EQ(file.skipped, 0u);
    const PasswdEntry& alice = file.entries[2];
    EXPECT_EQ(alice.name, "alice");
    EXPECT_EQ(alice.uid, 1000u);
    EXPECT_EQ(alice.gid, 1001u);
    EXPECT_EQ(alice.gecos, "Alice,,,");
    EXPECT_EQ(alice.home, "/home/alice");
    EXPECT_EQ(alice.shell, "/bin/zsh");
}

TEST(Passwd, SkipsAndCounts) {
    const char* skipped[] = {
        "# comment",
        "+::::::",
        "+@admins::::::",
        "-bob::::::",
        ":x:1:1:::",
        "x",
        "x:x",
        "x:x:1",
        "x:x:a:1:::",
        "x:x:1:b:::",
        "x:x:-1:1:::",
        "x:x:4294967296:1:",
        "x:x: 1:1:::",
        "a\x1b[2Jb:x:1:1:::",
        "x:x:1:4294967295:::",
    };
    for (const char* line : skipped) {
        const auto file = parse_passwd(std::string(line) + "\nok:x:7:8:::\n");
        ASSERT_EQ(file.entries.size(), 1u) << line;
        EXPECT_EQ(file.entries[0].name, "ok");
        EXPECT_EQ(file.skipped, 1u) << line;
    }
    EXPECT_EQ(parse_passwd("short:x:7:8").entries.size(), 1u);
    EXPECT_EQ(parse_passwd("").skipped, 0u);
    EXPECT_EQ(parse_passwd("\n \n\t\n").skipped, 0u);
}

TEST(Passwd, Trap01_UnsetUidIsNoAccount) {
    EXPECT_TRUE(parse_passwd("ghost:x:4294967295:0:::").entries.empty());
    EXPECT_TRUE(parse_group("ghost:x:4294967295:").entries.empty());
}

TEST(Passwd, Trap04_UidAndGidAreNotSwapped) {
    const auto file = parse_passwd("games:x:5:60:games:/usr/games:/usr/sbin/nologin");
    ASSERT_EQ(file.entries.size(), 1u);
    EXPECT_EQ(file.entries[0].uid, 5u);
    EXPECT_EQ(file.entries[0].gid, 60u);
}

TEST(Passwd, Groups) {
    const auto file = parse_group("root:x:0:\nsudo:x:27:alice,bob\nodd:x:28:,a,,b,\nbare:x:29\n+:::\n");
    ASSERT_EQ(file.entries.size(), 4u);
    EXPECT_EQ(file.skipped, 1u);
    EXPECT_TRUE(file.entries[0].members.empty());
    EXPECT_EQ(file.entries[1].name, "sudo");
    EXPECT_EQ(file.entries[1].gid, 27u);
    EXPECT_EQ(file.entries[1].members, (std::vector<std::string>{"alice", "bob"}));
    EXPECT_EQ(file.entries[2].members, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace whodid
