// SPDX-License-Identifier: Apache-2.0
// logind's session files.
#include "enrich/logind_session.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

TEST(LogindSession, SshLogin) {
    const auto session = parse_logind_session(
        "# This is private data. Do not parse.\n"
        "UID=1000\n"
        "USER=alice\n"
        "ACTIVE=1\n"
        "IS_DISPLAY=1\n"
        "STATE=active\n"
        "REMOTE=1\n"
        "LEADER_FD_SAVED=1\n"
        "TYPE=tty\n"
        "ORIGINAL_TYPE=tty\n"
        "CLASS=user\n"
        "SCOPE=session-4.scope\n"
        "FIFO=/run/systemd/sessions/4.ref\n"
        "TTY=pts/0\n"
        "REMOTE_HOST=198.51.100.7\n"
        "SERVICE=sshd\n"
        "LEADER=4102\n"
        "AUDIT=4\n"
        "REALTIME=1795528927000000\n"
        "MONOTONIC=123456789\n");
    ASSERT_TRUE(session);
    EXPECT_EQ(session->uid, 1000u);
    EXPECT_EQ(session->user, "alice");
    EXPECT_TRUE(session->active);
    EXPECT_EQ(session->state, "active");
    EXPECT_TRUE(session->remote);
    EXPECT_EQ(session->type, "tty");
    EXPECT_EQ(session->session_class, "user");
    EXPECT_EQ(session->scope, "session-4.scope");
    EXPECT_EQ(session->tty, "pts/0");
    EXPECT_EQ(session->remote_host, "198.51.100.7");
    EXPECT_EQ(session->remote_user, "");
    EXPECT_EQ(session->service, "sshd");
    EXPECT_EQ(session->leader, 4102u);
    EXPECT_EQ(session->audit_session, 4u);
    EXPECT_EQ(session->realtime_us, 1795528927000000u);
    EXPECT_EQ(session->monotonic_us, 123456789u);
}

TEST(LogindSession, Values) {
    const struct {
        const char *value, *want;
    } cases[] = {
        {"plain", "plain"},
        {"\"quoted value\"", "quoted value"},
        {"'single'", "single"},
        {R"(a\nUID=0)", "a\nUID=0"},
        {R"(caf\303\251)", "caf\u00e9"},
        {R"("say \"hi\" \$HOME")", "say \"hi\" $HOME"},
        {R"(back\\slash)", R"(back\slash)"},
        {"\"open", "\"open"},
        {"trailing \t\r", "trailing"},
        {"a=b", "a=b"},
        {"", ""},
    };
    for (const auto& c : cases) {
        const auto session = parse_logind_session("UID=1000\nREMOTE_HOST=" + std::string(c.value) + "\n");
        ASSERT_TRUE(session) << c.value;
        EXPECT_EQ(session->remote_host, c.want) << c.value;
        EXPECT_EQ(session->uid, 1000u);
    }
}

TEST(LogindSession, Trap03_UnsetAuditSessionIsNone) {
    for (const char* value : {"4294967295", "0", "-1", "", "x", "4294967296"}) {
        const auto session = parse_logind_session("UID=0\nAUDIT=" + std::string(value));
        ASSERT_TRUE(session);
        EXPECT_FALSE(session->audit_session) << value;
    }
    EXPECT_FALSE(parse_logind_session("UID=0\n")->audit_session);
}

TEST(LogindSession, Trap01_NoUidNoSession) {
    for (const char* text :
         {"", "USER=alice\n", "UID=\n", "UID=4294967295\n", "UID=alice\n", "UID", "#UID=1\n"}) {
        EXPECT_FALSE(parse_logind_session(text)) << text;
    }
}

TEST(LogindSession, LastOfAKeyCounts) {
    EXPECT_EQ(parse_logind_session("UID=1\nUID=2\nTTY=a\nTTY=b")->uid, 2u);
    EXPECT_EQ(parse_logind_session("UID=1\nUID=2\nTTY=a\nTTY=b")->tty, "b");
}

}  // namespace
}  // namespace whodid
