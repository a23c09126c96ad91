// SPDX-License-Identifier: Apache-2.0
// The environment that sshd and sudo leave behind.
#include "enrich/ssh_environment.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

// Written with ';' for NUL.
SshEnvironment parse(std::string block) {
    for (char& c : block) {
        if (c == ';') c = '\0';
    }
    return parse_ssh_environment(block);
}

TEST(SshEnvironment, Login) {
    const SshEnvironment e = parse(
        "SHELL=/bin/bash;SSH_CLIENT=198.51.100.7 58932 22;SSH_CONNECTION=198.51.100.7 58932 192.0.2.1 22;"
        "SSH_TTY=/dev/pts/0;");
    EXPECT_EQ(e.client_address, "198.51.100.7");
    EXPECT_EQ(e.client_port, 58932);
    EXPECT_EQ(e.server_address, "192.0.2.1");
    EXPECT_EQ(e.server_port, 22);
    EXPECT_EQ(e.tty, "/dev/pts/0");
    EXPECT_FALSE(e.sudo_uid);
}

TEST(SshEnvironment, Sudo) {
    const SshEnvironment e =
        parse("SUDO_COMMAND=/usr/bin/id -u;SUDO_USER=alice;SUDO_UID=1000;SUDO_GID=1000;");
    EXPECT_EQ(e.sudo_user, "alice");
    EXPECT_EQ(e.sudo_uid, 1000u);
    EXPECT_EQ(e.sudo_command, "/usr/bin/id -u");
    EXPECT_EQ(e.client_address, "");
}

TEST(SshEnvironment, Connections) {
    const struct {
        const char *block, *client, *server;
        int port;
    } cases[] = {
        {"SSH_CONNECTION=::1 1 ::1 22", "::1", "::1", 1},
        {"SSH_CONNECTION=fe80::1%eth0 1 fe80::2%eth0 22", "fe80::1", "fe80::2", 1},
        {"SSH_CLIENT=198.51.100.7 5 22", "198.51.100.7", "", 5},
        {"SSH_CONNECTION=bad;SSH_CLIENT=198.51.100.7 5 22", "198.51.100.7", "", 5},
        {"SSH_CONNECTION=", "", "", 0},
        {"SSH_CONNECTION=198.51.100.7 5 192.0.2.1", "", "", 0},
        {"SSH_CONNECTION=198.51.100.7 5 192.0.2.1 22 9", "", "", 0},
        {"SSH_CONNECTION=198.51.100.7 0 192.0.2.1 22", "", "", 0},
        {"SSH_CONNECTION=198.51.100.7 65536 192.0.2.1 22", "", "", 0},
        {"SSH_CONNECTION=198.51.100.7 -5 192.0.2.1 22", "", "", 0},
        {"SSH_CONNECTION=198.51.100.7  5 192.0.2.1 22", "", "", 0},
        {"SSH_CONNECTION=host.example 5 192.0.2.1 22", "", "", 0},
        {"SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535", "", "", 0},
        {"XSSH_CONNECTION=198.51.100.7 5 192.0.2.1 22", "", "", 0},
        {"X=SSH_CONNECTION=198.51.100.7 5 192.0.2.1 22", "", "", 0},
        {"SSH_CONNECTION", "", "", 0},
    };
    for (const auto& c : cases) {
        const SshEnvironment e = parse(c.block);
        EXPECT_EQ(e.client_address, c.client) << c.block;
        EXPECT_EQ(e.server_address, c.server) << c.block;
        EXPECT_EQ(e.client_port, c.port) << c.block;
    }
}

TEST(SshEnvironment, FirstOfANameCounts) {
    EXPECT_EQ(parse("SUDO_USER=alice;SUDO_USER=bob;").sudo_user, "alice");
    EXPECT_EQ(parse("SSH_CONNECTION=bad;SSH_CONNECTION=198.51.100.7 5 192.0.2.1 22;").client_address, "");
}

TEST(SshEnvironment, Trap01_UnsetUid) {
    for (const char* uid : {"4294967295", "-1", "", "0x0", "1 "}) {
        EXPECT_FALSE(parse("SUDO_UID=" + std::string(uid)).sudo_uid) << uid;
    }
    EXPECT_EQ(parse("SUDO_UID=0").sudo_uid, 0u);
}

TEST(SshEnvironment, Trap34_MappedAddress) {
    EXPECT_EQ(parse("SSH_CONNECTION=::ffff:198.51.100.7 5 ::ffff:192.0.2.1 22").client_address,
              "198.51.100.7");
}

}  // namespace
}  // namespace whodid
