// SPDX-License-Identifier: Apache-2.0
// Logins that are older than the sensor: what they left is all there is to tell them by.
#include "enrich/restore.h"

#include <gtest/gtest.h>

#include "enrich/audit_message.h"
#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::block;
using test::RecordBuilder;
using test::Seen;
using test::World;

class RestoreTest : public testing::Test, protected World {
protected:
    /// What the task iterator finds, at one go.
    void there_were(const std::vector<Actor>& actors) {
        for (const Actor& a : actors) {
            RecordBuilder<rec_process> r(REC_RAW_TASK, a.task);
            r->exe_inode = a.file.inode;
            r->exe_dev = a.file.dev;
            happens(r.path(&rec_process::exe, a.exe).path(&rec_process::cgroup, a.cgroup));
        }
        pass(0);
    }
    /// A login through sshd, and more.
    void the_login_was_there(std::vector<Actor> more = {}) {
        more.insert(more.end(), {Actor::process(812).runs("/usr/sbin/sshd", kSshd), monitor_, bash_});
        there_were(more);
    }
    Seen what_bash_does() {
        execs(bash_, {"bash"});
        return one("process.exec");
    }
    /// Of process 4100, whose descriptor 4 is the connection.
    void holds_a_connection(const char* table, const std::string& line) {
        host.links["/proc/4100/fd/3"] = "/dev/null";
        host.links["/proc/4100/fd/4"] = "socket:[77123]";
        host.files["/proc/4100/net/" + std::string(table)] =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
            "inode\n" +
            line;
    }

    Actor monitor_ =
        Actor::process(4100).child_of(Actor::process(812)).login(1004, 118).runs("/usr/sbin/sshd", kSshd);
    Actor bash_ = monitor_.fork(4102).ids(1004, 1004).runs("/usr/bin/bash");
};

// The files of utmp are absent, or end in 2038: nothing here reads them.
TEST_F(RestoreTest, Trap13_LogindIsAskedAndUtmpIsNot) {
    host.files["/run/systemd/sessions/4"] =
        "UID=1004\nUSER=alice\nREMOTE=1\nREMOTE_HOST=198.51.100.7\nSERVICE=sshd\nTTY=pts/0\nAUDIT=118\n";
    the_login_was_there();
    const Seen exec = what_bash_does();
    EXPECT_EQ(exec["user.id"], "1004");
    EXPECT_EQ(exec["user.name"], "alice");
    EXPECT_EQ(exec["session.id"], "118");
    EXPECT_EQ(exec["whodid.origin.type"], "ssh");
    EXPECT_EQ(exec["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(exec["whodid.origin.terminal"], "pts/0");
    EXPECT_EQ(exec["whodid.basis.user"], "kernel");
    EXPECT_EQ(exec["whodid.basis.origin"], "inferred");
    EXPECT_FALSE(exec.has("whodid.origin.method"));  // nothing tells
    EXPECT_EQ(exec["whodid.basis.method"], "unknown");
}

TEST_F(RestoreTest, WithoutLogindSshdsConnectionTells) {
    holds_a_connection(
        "tcp",
        "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 x\n"
        "   1: 0A00000A:0016 076433C6:C383 01 00000000:00000000 02:00 00000000 0 0 77123 4 x\n");
    the_login_was_there();
    const Seen exec = what_bash_does();
    EXPECT_EQ(exec["whodid.origin.type"], "ssh");
    EXPECT_EQ(exec["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(exec["whodid.origin.port"], "50051");
    EXPECT_EQ(exec["whodid.basis.origin"], "inferred");
    EXPECT_EQ(exec["whodid.chain"], "alice:bash[4102]");
}

TEST_F(RestoreTest, Trap34_AMappedAddressOfAConnectionIsIpv4) {
    holds_a_connection("tcp6",
                       "   0: 0000000000000000FFFF00000A00000A:0016 0000000000000000FFFF0000076433C6:C383 01 "
                       "00000000:00000000 02:00 00000000 0 0 77123 4 x\n");
    the_login_was_there();
    EXPECT_EQ(what_bash_does()["whodid.origin.address"], "198.51.100.7");
}

TEST_F(RestoreTest, WithoutAConnectionTheFirstProcessEnvironmentTells) {
    host.files["/proc/4102/environ"] =
        block({"SHELL=/bin/bash", "SSH_CONNECTION=2001:db8::7 50051 2001:db8::1 22", "SSH_TTY=/dev/pts/3"});
    the_login_was_there();
    const Seen exec = what_bash_does();
    EXPECT_EQ(exec["whodid.origin.address"], "2001:db8::7");
    EXPECT_EQ(exec["whodid.origin.port"], "50051");
    EXPECT_EQ(exec["whodid.basis.origin"], "inferred");
}

// Anybody can set these for their children: only sshd's own child is asked.
TEST_F(RestoreTest, TheEnvironmentOfLaterProcessesIsNotAsked) {
    host.files["/proc/4103/environ"] = block({"SSH_CONNECTION=192.0.2.66 1 192.0.2.1 22"});
    the_login_was_there({bash_.fork(4103).runs("/usr/bin/env")});
    EXPECT_FALSE(what_bash_does().has("whodid.origin.address"));
}

// A daemon that was left behind has init above it: the login is found from the others.
TEST_F(RestoreTest, Trap23_ADaemonOfTheLoginDoesNotHideIt) {
    holds_a_connection(
        "tcp", "   1: 0A00000A:0016 076433C6:C383 01 00000000:00000000 02:00 00000000 0 0 77123 4 x\n");
    std::vector<Actor> daemons;
    for (std::uint32_t pid = 3000; pid < 3020; ++pid)
        daemons.push_back(
            Actor::process(pid, 1004).child_of(Actor::process(1)).login(1004, 118).runs("/usr/bin/tmux"));
    the_login_was_there(daemons);
    EXPECT_EQ(what_bash_does()["whodid.origin.address"], "198.51.100.7");
}

TEST_F(RestoreTest, NoLoginIsMadeUpAndItsEndIsTold) {
    the_login_was_there();
    execs(bash_, {"bash"});
    tells_audit(monitor_, kUserEnd, "op=PAM:session_close acct=\"alice\" res=success");
    EXPECT_EQ(logins(), std::vector<std::string>{"session.end success"});
    EXPECT_EQ(one("session.end")["user.name"], "alice");
}

TEST_F(RestoreTest, WhoSatAtTheConsole) {
    const Actor login = Actor::process(900).login(1005, 7).runs("/usr/bin/login", kLogin);
    const Actor shell = login.fork(901).ids(1005, 1005).runs("/usr/bin/bash");
    there_were({login, shell});
    execs(shell, {"bash"});
    const Seen exec = one("process.exec");
    EXPECT_EQ(exec["user.name"], "bob");
    EXPECT_EQ(exec["whodid.origin.type"], "console");
    EXPECT_FALSE(exec.has("whodid.origin.address"));
}

// Trap 1 again: a daemon has no login to restore.
TEST_F(RestoreTest, Trap01_ADaemonHasNoLogin) {
    there_was(Actor::process(700).runs("/usr/sbin/cron", kCron));
    execs(Actor::process(700).runs("/usr/sbin/cron", kCron), {"cron"});
    EXPECT_FALSE(one("process.exec").has("user.id"));
    EXPECT_FALSE(one("process.exec").has("whodid.origin.type"));
    EXPECT_TRUE(logins().empty());
}

}  // namespace
}  // namespace whodid
