// SPDX-License-Identifier: Apache-2.0
// Logins, sudo, su and account changes, as the messages of Debian 12 tell of them; and forgeries.
#include "enrich/auth.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kMs;
using test::kSecond;
using test::RecordBuilder;
using test::Seen;
using test::World;

using Names = std::vector<std::string>;

class AuthTest : public testing::Test, protected World {
protected:
    explicit AuthTest(std::string_view people = {}) {
        options.people = *PersonMap::parse(people);
        there_was(init_);
        there_was(listener_);
    }

    /// A new connection: the listener forks, and the child calls exec.
    Actor connection(std::uint32_t pid) {
        Actor monitor = listener_.fork(pid);
        starts(monitor, {"sshd", "-R"});
        return monitor;
    }
    void pam(const Actor& a, std::uint32_t type, const std::string& op, const std::string& account, bool ok,
             const std::string& grantors = "pam_unix") {
        tells_audit(a, type,
                    fmt::format("op=PAM:{} grantors={} acct=\"{}\" exe=\"{}\" hostname={} addr={} "
                                "terminal=ssh res={}",
                                op, ok ? grantors : "?", account, a.exe, client_, client_,
                                ok ? "success" : "failed"));
    }
    void user_login_fails(const Actor& a, const std::string& coded_account) {
        tells_audit(a, kUserLogin,
                    fmt::format("op=login acct={} exe=\"{}\" hostname=? addr=198.51.100.7 terminal=sshd "
                                "res=failed",
                                coded_account, a.exe));
    }
    void sshd_says(const Actor& a, const std::string& line) {
        logs(a, fmt::format("<86>Nov 24 14:00:00 sshd[{}]: {}", a.task.tgid, line));
    }
    /// After the authentication: the account, the login uid, the session, the shell.
    Actor comes_in(Actor& monitor, const std::string& account, std::uint32_t uid, std::uint32_t session,
                   const std::string& accepted) {
        pam(monitor, kUserAcct, "accounting", account, true);
        if (!accepted.empty()) sshd_says(monitor, accepted);
        pam(monitor, kCredAcq, "setcred", account, true);
        monitor.login(uid, session);
        pam(monitor, kUserStart, "session_open", account, true, "pam_loginuid,pam_systemd");
        Actor shell = monitor.fork(monitor.task.tgid + 12).ids(uid, uid).runs("/usr/bin/bash");
        starts(shell, {"-bash"});
        return shell;
    }
    void goes(Actor& monitor, const std::string& account) {
        pam(monitor, kUserEnd, "session_close", account, true);
        exits(monitor);
    }

    std::string client_ = "198.51.100.7";
    Actor init_ = Actor::process(1).runs("/usr/lib/systemd/systemd");
    Actor listener_ = Actor::process(812).child_of(init_).runs("/usr/sbin/sshd", kSshd);
    const std::string kKey = "SHA256:nWRhV3AB0123456789012345678901234567890q2AB";
};

// ---- ssh --------------------------------------------------------------------------------------------------

TEST_F(AuthTest, SshPasswordOk) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", true, "pam_permit,pam_cap");
    Actor shell = comes_in(monitor, "alice", 1004, 118,
                           "Accepted password for alice from 198.51.100.7 port 58932 ssh2");
    pass(2 * kMs);
    execs(shell.fork(4110).runs("/usr/bin/ls"), {"ls"});
    pass(123 * kSecond);
    goes(monitor, "alice");
    EXPECT_EQ(logins(), (Names{"auth.attempt success", "session.start success", "session.end success"}));

    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["whodid.auth.service"], "sshd");
    EXPECT_EQ(attempt["whodid.auth.method"], "password");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["client.address"], "198.51.100.7");
    EXPECT_EQ(attempt["client.port"], "58932");
    EXPECT_FALSE(attempt.has("whodid.auth.key"));
    EXPECT_FALSE(attempt.has("whodid.auth.unverified"));

    const Seen start = one("session.start");
    EXPECT_EQ(start["user.name"], "alice");
    EXPECT_EQ(start["session.id"], "118");
    EXPECT_EQ(start["whodid.origin.type"], "ssh");
    EXPECT_EQ(start["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(start["whodid.origin.port"], "58932");
    EXPECT_EQ(start["whodid.origin.method"], "password");
    EXPECT_EQ(start["whodid.basis.user"], "kernel");
    EXPECT_EQ(start["whodid.basis.origin"], "pam");
    EXPECT_EQ(start["whodid.basis.method"], "log");

    const Seen end = one("session.end");
    EXPECT_EQ(end["session.id"], "118");
    EXPECT_EQ(end["whodid.session.execs"], "2");
    EXPECT_EQ(end["whodid.session.duration"].substr(0, 4), "123.");
    EXPECT_NE(end.text.find("LOGOUT   2m03s"), std::string::npos) << end.text;

    // Everything in the session has its origin.
    const Seen ls = all("process.exec").back();
    EXPECT_EQ(ls["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(ls["whodid.chain"], "alice:bash[4102]");
}

TEST_F(AuthTest, Trap10_TheLoginEventsUserIsNotSshds) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", false);
    sshd_says(monitor, "Failed password for alice from 198.51.100.7 port 58932 ssh2");
    pam(monitor, kUserAuth, "authentication", "alice", true);
    comes_in(monitor, "alice", 1004, 118, "Accepted password for alice from 198.51.100.7 port 58932 ssh2");
    for (const Seen& attempt : all("auth.attempt")) {
        EXPECT_FALSE(attempt.has("user.name"));  // nobody has logged in yet: root is sshd's, not theirs
        EXPECT_FALSE(attempt.has("user.id"));
        EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    }
    EXPECT_EQ(one("session.start")["user.name"], "alice");
}

TEST_F(AuthTest, SshPasswordBad) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", false);
    pass(2500 * kMs);  // pam_fail_delay
    EXPECT_TRUE(sink.events.empty() || sink.events.back().kind != "auth.attempt");
    sshd_says(monitor, "Failed password for alice from 198.51.100.7 port 58932 ssh2");
    user_login_fails(monitor, "\"alice\"");
    exits(monitor);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["error.type"], "EACCES");
    EXPECT_EQ(attempt["whodid.auth.method"], "password");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["client.address"], "198.51.100.7");
    EXPECT_EQ(attempt["client.port"], "58932");
    EXPECT_FALSE(attempt.has("session.id"));
}

TEST_F(AuthTest, EveryAttemptIsOneEventWhateverTellsOfIt) {
    struct Case {
        const char* what;
        bool pam, slow, line, audit;
    };
    for (const Case& c :
         {Case{"all", true, false, true, true}, Case{"a log line that comes late", true, true, true, true},
          Case{"no log", true, false, false, true}, Case{"nothing but PAM", true, true, false, false},
          Case{"no PAM", false, false, true, true}, Case{"nothing but the log", false, false, true, false}}) {
        SCOPED_TRACE(c.what);
        const std::size_t before = all("auth.attempt").size();
        Actor monitor = connection(static_cast<std::uint32_t>(5000 + before * 10));
        for (int i = 0; i < 3; ++i) {
            if (c.pam) pam(monitor, kUserAuth, "authentication", "alice", false);
            pass(c.slow ? 6 * kSecond : 2 * kSecond);
            if (c.line) sshd_says(monitor, "Failed password for alice from 198.51.100.7 port 58932 ssh2");
            if (c.audit) user_login_fails(monitor, "\"alice\"");
        }
        exits(monitor);
        EXPECT_EQ(all("auth.attempt").size(), before + 3);
        EXPECT_EQ(all("auth.attempt").back()["whodid.auth.method"], "password");
    }
}

TEST_F(AuthTest, SshKeyboardInteractiveOk) {
    Actor monitor = connection(4090);
    Actor pam_child = monitor.fork(4092);
    forks(pam_child);
    pam(pam_child, kUserAuth, "authentication", "alice", true);
    exits(pam_child);
    comes_in(monitor, "alice", 1004, 118,
             "Accepted keyboard-interactive/pam for alice from 198.51.100.7 port 58932 ssh2");
    EXPECT_EQ(logins(), (Names{"auth.attempt success", "session.start success"}));
    EXPECT_EQ(one("auth.attempt")["whodid.auth.method"], "keyboard-interactive/pam");
    EXPECT_EQ(one("session.start")["whodid.origin.method"], "keyboard-interactive/pam");
}

TEST_F(AuthTest, SshKeyboardInteractiveBad) {
    Actor monitor = connection(4090);
    Actor pam_child = monitor.fork(4092);
    forks(pam_child);
    pam(pam_child, kUserAuth, "authentication", "alice", false);
    pass(2 * kSecond);
    sshd_says(monitor, "error: PAM: Authentication failure for alice from 198.51.100.7");
    sshd_says(monitor, "Failed keyboard-interactive/pam for alice from 198.51.100.7 port 58932 ssh2");
    user_login_fails(monitor, "\"alice\"");
    exits(monitor);
    EXPECT_EQ(one("auth.attempt")["whodid.auth.method"], "keyboard-interactive/pam");
    EXPECT_EQ(one("auth.attempt")["client.port"], "58932");
}

TEST_F(AuthTest, SshPublickeyOk) {
    Actor monitor = connection(4090);
    comes_in(monitor, "alice", 1004, 118,
             "Accepted publickey for alice from 198.51.100.7 port 58932 ssh2: ED25519 " + kKey);
    EXPECT_EQ(logins(), (Names{"auth.attempt success", "session.start success"}));
    EXPECT_EQ(one("auth.attempt")["whodid.auth.method"], "publickey");
    EXPECT_EQ(one("auth.attempt")["whodid.auth.key"], kKey);
    EXPECT_EQ(one("session.start")["whodid.origin.key"], kKey);
    EXPECT_EQ(one("session.start")["whodid.basis.method"], "log");
}

TEST_F(AuthTest, SshPublickeyOkWithoutTheLogIsInferred) {
    Actor monitor = connection(4090);
    comes_in(monitor, "alice", 1004, 118, "");
    EXPECT_EQ(one("auth.attempt")["whodid.auth.method"], "publickey");
    EXPECT_FALSE(one("auth.attempt").has("client.port"));
    EXPECT_EQ(one("session.start")["whodid.basis.method"], "inferred");
    EXPECT_EQ(one("session.start")["whodid.basis.origin"], "pam");
}

// ---- who it is beyond the account -------------------------------------------------------------------------

class PersonTest : public AuthTest {
protected:
    explicit PersonTest(std::string_view people = {}) : AuthTest(people) {
        host.files["/etc/ssh/sshd_config"] =
            "# TrustedUserCAKeys /etc/ssh/old\n\ttrustedusercakeys=\"/etc/ca.pub\"\n";
        host.files["/etc/ca.pub"] = kAuthorityLine;
    }
    /// The shell's exec, of somebody who came to the shared account root.
    Seen root_logs_in(const std::string& means) {
        Actor monitor = connection(4090);
        comes_in(monitor, "root", 0, 118, "Accepted " + means);
        return all("process.exec").back();
    }
    Seen root_logs_in_by_key() {
        return root_logs_in("publickey for root from 198.51.100.7 port 58932 ssh2: ED25519 " + kAliceKey);
    }
    Seen root_logs_in_by_certificate() {
        return root_logs_in("publickey for root from 198.51.100.7 port 58932 ssh2: ED25519-CERT " +
                            kAliceKey + " ID alice@corp (serial 7) CA ED25519 " + kAuthority);
    }
    const std::string kAliceKey = "SHA256:2GhMghoQeMZ/L3VgIbK1mVwZV8HEymOF28LqA9vTYyw";
    const std::string kAliceBare =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFMaJdiSOgft0pniVt82/M+XmG451lH74pkOVacC6BBg";
    const std::string kAuthority = "SHA256:l6MZJcthpP4+R8BParM+hxNs7Hbldbb4OosPrNn46h8";
    const std::string kAuthorityLine =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAdT2B+hMKpkYuiLLaNaLGA6rSs0Qm6Yc4LegWIvxHRo ca\n";
};

TEST_F(PersonTest, ACertificateNamesThePerson) {
    const Seen shell = root_logs_in_by_certificate();
    EXPECT_EQ(shell["user.name"], "root");
    EXPECT_EQ(shell["whodid.person.id"], "alice@corp");
    EXPECT_EQ(shell["whodid.person.basis"], "certificate");
    EXPECT_EQ(shell["whodid.person.serial"], "7");
    EXPECT_EQ(shell["whodid.person.authority"], kAuthority);
    EXPECT_NE(shell.text.find(" alice@corp@198.51.100.7 "), std::string::npos) << shell.text;
    EXPECT_EQ(shell["message"].substr(0, 49), "root (certificate \"alice@corp\") from 198.51.100.7");
    EXPECT_FALSE(one("auth.attempt").has("whodid.person.id")) << "nobody has logged in yet";
}

// Anybody can put an authority of their own into their own authorized_keys, and sign what they like.
TEST_F(PersonTest, ACertificateOfTheAccountsOwnAuthorityIsAClaim) {
    host.files["/etc/ca.pub"] = kAliceBare;
    host.files["/root/.ssh/authorized_keys"] = "cert-authority " + kAuthorityLine;
    const Seen shell = root_logs_in_by_certificate();
    EXPECT_EQ(shell["whodid.person.id"], "alice@corp");
    EXPECT_EQ(shell["whodid.person.basis"], "own_certificate");
    EXPECT_NE(shell.text.find(" root@198.51.100.7 "), std::string::npos) << shell.text;
}

TEST_F(PersonTest, AnAuthorityMayBeConfiguredInAnotherFile) {
    host.files["/etc/ssh/sshd_config"] = "Include /etc/ssh/sshd_config.d/*.conf\nTrustedUserCAKeys none\n";
    host.files["/etc/ssh/sshd_config.d/ca.conf"] = "TrustedUserCAKeys /etc/ca.pub # ours\n";
    EXPECT_EQ(root_logs_in_by_certificate()["whodid.person.basis"], "certificate");
}

TEST_F(PersonTest, AKeysCommentIsAClaim) {
    host.files["/root/.ssh/authorized_keys"] = "# people\nfrom=\"*\" " + kAliceBare + " alice@mac\n";
    const Seen shell = root_logs_in_by_key();
    EXPECT_EQ(shell["whodid.person.id"], "alice@mac");
    EXPECT_EQ(shell["whodid.person.basis"], "key_comment");
    EXPECT_FALSE(shell.has("whodid.person.serial"));
    EXPECT_NE(shell.text.find(" root@198.51.100.7 "), std::string::npos) << shell.text;
    const Seen start = one("session.start");
    EXPECT_EQ(start["whodid.person.id"], "alice@mac");
    EXPECT_NE(start.text.find("\"alice@mac\""), std::string::npos) << start.text;
}

TEST_F(PersonTest, TheKeyIsLookedForWhereSshdSeesIt) {
    host.files["/proc/812/root/etc/passwd"] = "root:x:0:0::/srv/root:/bin/sh\n";
    host.files["/proc/812/root/srv/root/.ssh/authorized_keys2"] = kAliceBare + " alice@mac\n";
    EXPECT_EQ(root_logs_in_by_key()["whodid.person.id"], "alice@mac");
}

TEST_F(PersonTest, WithoutACommentItIsTheLogin) {
    host.files["/root/.ssh/authorized_keys"] = kAliceBare + "\n" + kAuthorityLine;
    const Seen shell = root_logs_in_by_key();
    EXPECT_EQ(shell["whodid.person.id"], "root");
    EXPECT_EQ(shell["whodid.person.basis"], "login");
    EXPECT_NE(shell.text.find(" root@198.51.100.7 "), std::string::npos) << shell.text;
}

class MappedPersonTest : public PersonTest {
protected:
    MappedPersonTest()
        : PersonTest("SHA256:2GhMghoQeMZ/L3VgIbK1mVwZV8HEymOF28LqA9vTYyw alice\nroot@198.51.100.7 bob\n") {}
};

TEST_F(MappedPersonTest, AKeyWithoutACommentHasAName) {
    const Seen shell = root_logs_in_by_key();
    EXPECT_EQ(shell["whodid.person.id"], "alice");
    EXPECT_EQ(shell["whodid.person.basis"], "map");
    EXPECT_NE(shell.text.find(" alice@198.51.100.7 "), std::string::npos) << shell.text;
}

TEST_F(MappedPersonTest, APasswordIsKnownByWhereItCameFrom) {
    const Seen shell = root_logs_in("password for root from 198.51.100.7 port 58932 ssh2");
    EXPECT_EQ(shell["whodid.person.id"], "bob");
    EXPECT_EQ(shell["whodid.person.basis"], "map");
}

TEST_F(MappedPersonTest, ACommentIsBetter) {
    host.files["/root/.ssh/authorized_keys"] = kAliceBare + " alice@mac\n";
    EXPECT_EQ(root_logs_in_by_key()["whodid.person.basis"], "key_comment");
}

TEST_F(MappedPersonTest, OthersAreTheirLogin) {
    client_ = "203.0.113.9";
    const Seen shell = root_logs_in("password for root from 203.0.113.9 port 58932 ssh2");
    EXPECT_EQ(shell["whodid.person.id"], "root");
    EXPECT_EQ(shell["whodid.person.basis"], "login");
}

// ---- ssh to the same host again ---------------------------------------------------------------------------

class SecondHop : public AuthTest {
protected:
    static RecordBuilder<rec_net> connection_between(const Actor& a, std::uint16_t kind, rec_u16 local,
                                                     rec_u16 peer) {
        RecordBuilder<rec_net> r(kind, a.task);
        r->family = AF_INET;
        r->type = SOCK_STREAM;
        r->protocol = IPPROTO_TCP;
        r->local[0] = r->peer[0] = 127;
        r->local[3] = r->peer[3] = 1;
        r->local_port = local;
        r->peer_port = peer;
        r->socket = kind == REC_NETWORK_ACCEPT ? 2 : 1;
        r->outgoing = kind == REC_NETWORK_CONNECT;
        return r;
    }
    /// alice, who came by key, runs ssh.
    Actor ssh_of_alice() {
        host.files["/home/alice/.ssh/authorized_keys"] =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFMaJdiSOgft0pniVt82/M+XmG451lH74pkOVacC6BBg alice@mac\n";
        Actor monitor = connection(4090);
        Actor shell = comes_in(monitor, "alice", 1004, 118,
                               "Accepted publickey for alice from 198.51.100.7 port 58932 ssh2: ED25519 "
                               "SHA256:2GhMghoQeMZ/L3VgIbK1mVwZV8HEymOF28LqA9vTYyw");
        Actor ssh = shell.fork(4120).runs("/usr/bin/ssh");
        starts(ssh, {"ssh", "bob@localhost"});
        return ssh;
    }
    Seen bob_logs_in_from(std::uint16_t port) {
        client_ = "127.0.0.1";
        Actor monitor = connection(4190);
        comes_in(monitor, "bob", 1005, 119,
                 fmt::format("Accepted password for bob from 127.0.0.1 port {} ssh2", port));
        return all("process.exec").back();
    }
};

TEST_F(SecondHop, LeadsBackToTheFirst) {
    const Actor ssh = ssh_of_alice();
    happens(connection_between(listener_, REC_NETWORK_ACCEPT, 22, 40000));
    happens(connection_between(ssh, REC_NETWORK_CONNECT, 40000, 22));
    const Seen shell = bob_logs_in_from(40000);
    EXPECT_EQ(shell["user.name"], "bob");
    EXPECT_EQ(shell["session.id"], "119");
    EXPECT_EQ(shell["whodid.origin.session"], "118");
    EXPECT_EQ(shell["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(shell["whodid.origin.port"], "58932");
    EXPECT_EQ(shell["whodid.origin.method"], "password");
    EXPECT_EQ(shell["whodid.person.id"], "alice@mac");
    EXPECT_EQ(shell["whodid.person.basis"], "key_comment");
    EXPECT_EQ(shell["whodid.chain"], "alice:bash[4102] ssh[4120] bob:bash[4202]");
    EXPECT_EQ(all("auth.attempt").back()["client.address"], "127.0.0.1");
}

TEST_F(SecondHop, IsNoneWhenTheOtherEndIsAnotherServer) {
    const Actor ssh = ssh_of_alice();
    happens(connection_between(ssh, REC_NETWORK_CONNECT, 40000, 2222));
    happens(connection_between(listener_, REC_NETWORK_ACCEPT, 22, 40000));
    const Seen shell = bob_logs_in_from(40000);
    EXPECT_FALSE(shell.has("whodid.origin.session"));
    EXPECT_EQ(shell["whodid.origin.address"], "127.0.0.1");
    EXPECT_EQ(shell["whodid.person.id"], "bob");
}

TEST_F(SecondHop, IsNoneInAnotherNetworkNamespace) {
    Actor ssh = ssh_of_alice();
    ssh.task.net_ns = 4026532000u;
    execs(ssh, {"ssh"});
    happens(connection_between(ssh, REC_NETWORK_CONNECT, 40000, 22));
    happens(connection_between(listener_, REC_NETWORK_ACCEPT, 22, 40000));
    EXPECT_FALSE(bob_logs_in_from(40000).has("whodid.origin.session"));
}

TEST_F(SecondHop, IsForgottenWhenTheConnectionIsClosed) {
    const Actor ssh = ssh_of_alice();
    happens(connection_between(ssh, REC_NETWORK_CONNECT, 40000, 22));
    happens(connection_between(listener_, REC_NETWORK_ACCEPT, 22, 40000));
    auto close = connection_between(ssh, REC_NETWORK_CLOSE, 40000, 22);
    close->outgoing = 1;
    happens(std::move(close));
    EXPECT_FALSE(bob_logs_in_from(40000).has("whodid.origin.session"));
}

// ---- keys that are refused
// ---------------------------------------------------------------------------------

TEST_F(AuthTest, SshPublickeyBad) {
    Actor monitor = connection(4090);
    user_login_fails(monitor, "\"alice\"");
    pam(monitor, kUserErr, "bad_ident", "?", false);
    sshd_says(monitor, "Connection closed by authenticating user alice 198.51.100.7 port 58932 [preauth]");
    exits(monitor);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["whodid.auth.method"], "publickey");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["client.address"], "198.51.100.7");
}

TEST_F(AuthTest, SshPublickeyBadWithAVerboseLog) {
    Actor monitor = connection(4090);
    for (int i = 0; i < 2; ++i) {
        sshd_says(monitor, "Failed publickey for alice from 198.51.100.7 port 58932 ssh2: ED25519 " + kKey);
        user_login_fails(monitor, "\"alice\"");
    }
    exits(monitor);
    const auto attempts = all("auth.attempt");
    ASSERT_EQ(attempts.size(), 2u);
    EXPECT_EQ(attempts[0]["whodid.auth.key"], kKey);
    EXPECT_EQ(attempts[0]["client.port"], "58932");
}

TEST_F(AuthTest, SshKeyRefusedThenPasswordOk) {
    Actor monitor = connection(4090);
    user_login_fails(monitor, "\"alice\"");
    pam(monitor, kUserAuth, "authentication", "alice", true);
    comes_in(monitor, "alice", 1004, 118, "Accepted password for alice from 198.51.100.7 port 58932 ssh2");
    EXPECT_EQ(logins(), (Names{"auth.attempt failure", "auth.attempt success", "session.start success"}));
    EXPECT_EQ(all("auth.attempt")[0]["whodid.auth.method"], "publickey");
    EXPECT_EQ(all("auth.attempt")[1]["whodid.auth.method"], "password");
}

TEST_F(AuthTest, Trap10_AnUnknownNameMayBeAPassword) {
    Actor monitor = connection(4090);
    sshd_says(monitor, "Invalid user hunter2 from 198.51.100.7 port 58932");
    user_login_fails(monitor, "28696E76616C6964207573657229");  // "(invalid user)"
    pam(monitor, kUserAuth, "authentication", "hunter2", false);
    pass(2 * kSecond);
    sshd_says(monitor, "Failed password for invalid user hunter2 from 198.51.100.7 port 58932 ssh2");
    user_login_fails(monitor, "28696E76616C6964207573657229");
    exits(monitor);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["whodid.auth.method"], "password");
    EXPECT_FALSE(attempt.has("whodid.auth.account"));
    EXPECT_EQ(attempt["whodid.auth.account_hash"].size(), 32u);
    EXPECT_EQ(attempt["whodid.auth.account_length"], "7");
    EXPECT_EQ(attempt["client.port"], "58932");
    for (const Seen& seen : sink.events) {
        EXPECT_EQ(seen.json.find("hunter2"), std::string::npos) << seen.json;
        EXPECT_EQ(seen.text.find("hunter2"), std::string::npos) << seen.text;
    }
}

TEST_F(AuthTest, AnInvalidUserWhoGivesUpIsAnAttemptToo) {
    Actor monitor = connection(4090);
    sshd_says(monitor, "Invalid user admin from 198.51.100.7 port 58932");
    exits(monitor);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["whodid.auth.account"], "admin");  // well known: nobody's password
    EXPECT_FALSE(attempt.has("whodid.auth.method"));
}

TEST_F(AuthTest, SshRootRefused) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "root", false);
    pass(2 * kSecond);
    sshd_says(monitor, "Failed password for root from 198.51.100.7 port 58932 ssh2");
    user_login_fails(monitor, "\"root\"");
    exits(monitor);
    EXPECT_EQ(one("auth.attempt")["whodid.auth.account"], "root");
    EXPECT_EQ(one("auth.attempt")["event.outcome"], "failure");
}

TEST_F(AuthTest, AnAccountThatHasExpired) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", true);
    pam(monitor, kUserAcct, "accounting", "alice", false);
    exits(monitor);
    EXPECT_EQ(one("auth.attempt")["event.outcome"], "failure");
    EXPECT_EQ(one("auth.attempt")["whodid.auth.method"], "password");
}

TEST_F(AuthTest, TheTerminalComesWithTheSession) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", true);
    Actor shell = comes_in(monitor, "alice", 1004, 118, "");
    tells_audit(monitor, kUserLogin,
                "op=login id=1004 exe=\"/usr/sbin/sshd\" hostname=? addr=198.51.100.7 terminal=/dev/pts/0 "
                "res=success");
    execs(shell.fork(4111).runs("/usr/bin/ls"), {"ls"});
    EXPECT_EQ(all("process.exec").back()["whodid.origin.terminal"], "/dev/pts/0");
    EXPECT_EQ(all("auth.attempt").size(), 1u);
}

TEST_F(AuthTest, Trap11_SshdSessionIsSshd) {
    Actor session = listener_.fork(4090).runs("/usr/lib/openssh/sshd-session", kSshdSession);
    starts(session, {"sshd-session", "-R"});
    Actor before = session.fork(4091).runs("/usr/lib/openssh/sshd-auth");
    starts(before, {"sshd-auth"});
    Actor pam_child = session.fork(4092);
    forks(pam_child);
    pam(pam_child, kUserAuth, "authentication", "alice", true);
    Actor shell = comes_in(session, "alice", 1004, 118, "");
    logs(session,
         "<86>sshd-session[4090]: Accepted keyboard-interactive/pam for alice from 198.51.100.7 "
         "port 58932 ssh2");
    execs(shell, {"-bash"});
    exits(shell);
    goes(session, "alice");
    EXPECT_EQ(logins(), (Names{"auth.attempt success", "session.start success", "session.end success"}));
    EXPECT_EQ(one("auth.attempt")["whodid.auth.service"], "sshd");
    EXPECT_EQ(one("session.start")["whodid.origin.type"], "ssh");
    EXPECT_EQ(one("session.end")["whodid.origin.method"], "keyboard-interactive/pam");
    EXPECT_EQ(all("process.exec").back()["whodid.chain"], "alice:bash[4102]");
}

// The name is anybody's, and so is a place below the listener.
TEST_F(AuthTest, Trap11_AnotherProgramOfThatNameIsNotSshd) {
    for (const char* path : {"/tmp/sshd-session", "/usr/lib/openssh/sshd-session"}) {
        SCOPED_TRACE(path);
        Actor session = listener_.fork(4090).runs(path, {254 << 20, 666});
        starts(session, {"sshd-session", "-R"});
        pam(session, kUserAuth, "authentication", "alice", true);
        pam(session.login(1004, 118), kUserStart, "session_open", "alice", true);
        logs(session,
             "<86>sshd-session[4090]: Accepted password for alice from 198.51.100.7 port 58932 ssh2");
        EXPECT_TRUE(all("auth.attempt").empty());
        EXPECT_FALSE(all("sensor.tamper").empty());
        exits(session);
    }
}

TEST_F(AuthTest, ASshdForEachConnectionFromSystemd) {  // sshd.socket: no listener
    Actor monitor = init_.fork(4090).runs("/usr/sbin/sshd", kSshd);
    starts(monitor, {"sshd", "-i"});
    Actor pam_child = monitor.fork(4092);
    forks(pam_child);
    pam(pam_child, kUserAuth, "authentication", "alice", false);
    pass(2 * kSecond);
    sshd_says(monitor, "Failed keyboard-interactive/pam for alice from 198.51.100.7 port 58932 ssh2");
    exits(pam_child);
    exits(monitor);
    EXPECT_EQ(one("auth.attempt")["client.port"], "58932");
}

TEST_F(AuthTest, TwoConnectionsAreKeptApart) {
    Actor one_monitor = connection(4090), other = connection(4190);
    pam(one_monitor, kUserAuth, "authentication", "alice", false);
    pam(other, kUserAuth, "authentication", "bob", false);
    pass(2 * kSecond);
    sshd_says(other, "Failed password for bob from 203.0.113.50 port 2 ssh2");
    sshd_says(one_monitor, "Failed password for alice from 198.51.100.7 port 1 ssh2");
    const auto attempts = all("auth.attempt");
    ASSERT_EQ(attempts.size(), 2u);
    EXPECT_EQ(attempts[0]["whodid.auth.account"], "bob");
    EXPECT_EQ(attempts[0]["client.address"], "203.0.113.50");
    EXPECT_EQ(attempts[1]["client.address"], "198.51.100.7");
}

TEST_F(AuthTest, ASshdWithoutPamIsToldByTheKernelAndTheLog) {
    Actor monitor = connection(4090);
    sshd_says(monitor, "Accepted publickey for alice from 198.51.100.7 port 58932 ssh2: ED25519 " + kKey);
    monitor.login(1004, 118);
    Actor shell = monitor.fork(4102).ids(1004, 1004).runs("/usr/bin/bash");
    happens(test::RecordBuilder<rec_credentials>(REC_RAW_CREDENTIALS, monitor.task));
    starts(shell, {"-bash"});
    pass(2 * kSecond);
    const Seen start = one("session.start");
    EXPECT_EQ(start["user.name"], "alice");
    EXPECT_EQ(start["whodid.origin.type"], "ssh");
    EXPECT_EQ(start["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(start["whodid.origin.key"], kKey);
    EXPECT_EQ(start["whodid.basis.origin"], "log");
    exits(monitor);
    EXPECT_EQ(logins(), (Names{"session.start success", "session.end success"}));
}

TEST_F(AuthTest, TheNameOfALoginIsLearntForGood) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "carol", true);
    Actor shell = comes_in(monitor, "carol", 70001, 119, "");  // an account of LDAP
    execs(shell.fork(4111).runs("/usr/bin/ls"), {"ls"});
    EXPECT_EQ(one("session.start")["user.name"], "carol");
    EXPECT_EQ(all("process.exec").back()["process.user.name"], "carol");
}

TEST_F(AuthTest, TheNameOfALoginIsLearntFromTheLogWherePamIsLate) {
    Actor monitor = connection(4090);
    sshd_says(monitor, "Accepted password for carol from 198.51.100.7 port 58932 ssh2");
    monitor.login(70001, 119);
    happens(test::RecordBuilder<rec_credentials>(REC_RAW_CREDENTIALS, monitor.task));
    pass(2 * kSecond);
    EXPECT_EQ(one("session.start")["user.name"], "carol");
}

// ---- other ways in ----------------------------------------------------------------------------------------

TEST_F(AuthTest, CronHasASessionAndNoAttempt) {
    Actor cron = Actor::process(700).child_of(init_).runs("/usr/sbin/cron", kCron);
    there_was(cron);
    Actor job = cron.fork(4700);
    forks(job);
    pam(job, kUserAcct, "accounting", "bob", true);
    pam(job, kCredAcq, "setcred", "bob", true);
    job.login(1005, 120);
    pam(job, kUserStart, "session_open", "bob", true);
    Actor sh = job.fork(4701).ids(1005, 1005).runs("/usr/bin/dash");
    starts(sh, {"/bin/sh", "-c", "backup"});
    exits(sh);
    pam(job, kUserEnd, "session_close", "bob", true);
    exits(job);
    EXPECT_EQ(logins(), (Names{"session.start success", "session.end success"}));
    EXPECT_EQ(one("session.start")["whodid.origin.type"], "cron");
    EXPECT_EQ(one("session.start")["whodid.auth.service"], "cron");
    EXPECT_EQ(one("session.start")["user.name"], "bob");
    EXPECT_EQ(all("process.exec").back()["whodid.chain"], "bob:dash[4701]");
}

class AtJob : public SecondHop {
protected:
    static constexpr const char* kJob = "/var/spool/cron/atjobs/a0000101c8b1f3";

    void makes_job(const Actor& by) { happens(file_of(by, REC_FILE_CREATE, kJob)); }
    /// What a process of this program does with alice's job, up to the job's first exec.
    Seen runs_job(const char* program, FileId file) {
        Actor atd = Actor::process(700).child_of(init_).runs(program, file);
        there_was(atd);
        Actor job = atd.fork(4700);
        forks(job);
        happens(file_of(job, REC_FILE_OPEN, kJob));
        job.login(1004, 120);
        pam(job, kUserStart, "session_open", "alice", true);
        starts(job.fork(4701).ids(1004, 1004).runs("/usr/bin/dash"), {"sh"});
        return all("process.exec").back();
    }
};

TEST_F(AtJob, LeadsBackToTheLoginThatLeftIt) {
    makes_job(ssh_of_alice());
    const Seen sh = runs_job("/usr/sbin/atd", kAtd);
    EXPECT_EQ(sh["user.name"], "alice");
    EXPECT_EQ(sh["session.id"], "120");
    EXPECT_EQ(sh["whodid.origin.type"], "at");
    EXPECT_EQ(sh["whodid.origin.session"], "118");
    EXPECT_EQ(sh["whodid.origin.address"], "198.51.100.7");
    EXPECT_EQ(sh["whodid.person.id"], "alice@mac");
    EXPECT_EQ(sh["whodid.chain"], "alice:bash[4102] ssh[4120] alice:dash[4701]");
}

TEST_F(AtJob, OfNoLoginLeadsNowhere) {
    makes_job(Actor::process(500).runs("/usr/bin/at"));
    const Seen sh = runs_job("/usr/sbin/atd", kAtd);
    EXPECT_EQ(sh["whodid.origin.type"], "at");
    EXPECT_FALSE(sh.has("whodid.origin.session"));
    EXPECT_EQ(sh["whodid.person.id"], "alice");
}

TEST_F(AtJob, IsOnlyAtdsToRun) {
    makes_job(ssh_of_alice());
    EXPECT_FALSE(runs_job("/usr/sbin/cron", kCron).has("whodid.origin.session"));
}

TEST(QueuedJobs, TheOldestMakesRoom) {
    QueuedJobs jobs;
    auto login = std::make_shared<Process>();
    login->session = std::make_shared<Session>();
    for (std::uint64_t inode = 1; inode <= 4097; ++inode) jobs.queued({1, inode}, login);
    EXPECT_FALSE(jobs.queued_by({1, 1}));
    EXPECT_EQ(jobs.queued_by({1, 2}), login);
    EXPECT_EQ(jobs.queued_by({1, 4097}), login);
    EXPECT_FALSE(jobs.queued_by({2, 4097}));
}

TEST_F(AuthTest, LoginOnTheConsole) {
    Actor login = Actor::process(600).child_of(init_).runs("/usr/bin/login", kLogin);
    there_was(login);
    pam(login, kUserAuth, "authentication", "alice", false);
    tells_audit(login, kUserLogin,
                "op=login acct=\"alice\" exe=\"/usr/bin/login\" hostname=? addr=? terminal=tty1 res=failed");
    pam(login, kUserAuth, "authentication", "alice", true);
    pam(login, kUserAcct, "accounting", "alice", true);
    login.login(1004, 121);
    tells_audit(
        login, kUserStart,
        "op=PAM:session_open grantors=pam_unix acct=\"alice\" exe=\"/usr/bin/login\" hostname=? addr=? "
        "terminal=/dev/tty1 res=success");
    EXPECT_EQ(logins(), (Names{"auth.attempt failure", "auth.attempt success", "session.start success"}));
    EXPECT_EQ(one("session.start")["whodid.origin.type"], "console");
    EXPECT_EQ(one("session.start")["whodid.origin.terminal"], "/dev/tty1");
}

// ---- sudo and su ------------------------------------------------------------------------------------------

class RightsTest : public AuthTest {
protected:
    RightsTest() {
        there_was(shell_);
        sudo_.task.start_ns = su_.task.start_ns = 4131 * kMs;
    }
    void starts_sudo() {
        forks(shell_.fork(4131));
        execs(sudo_, {"sudo", "id", "-u"});
    }
    void sudo_command(bool ok, const std::string& cmd = "6964202D75") {  // "id -u"
        tells_audit(sudo_, kUserCmd,
                    fmt::format("cwd=\"/home/alice\" cmd={} exe=\"/usr/bin/sudo\" terminal=pts/0 res={}", cmd,
                                ok ? "success" : "failed"));
    }
    void sudo_runs() {
        pam(sudo_, kUserStart, "session_open", "root", true, "pam_limits,pam_permit,pam_unix");
        pam(sudo_, kCredRefr, "setcred", "root", true);
    }

    Actor shell_ = Actor::process(4102, 1004).child_of(listener_).login(1004, 118).runs("/usr/bin/bash");
    Actor sudo_ = shell_.fork(4131).ids(1004, 0).runs("/usr/bin/sudo", kSudo);
    Actor su_ = shell_.fork(4131).ids(1004, 0).runs("/usr/bin/su", kSu);
};

TEST_F(RightsTest, SudoOk) {
    starts_sudo();
    pam(sudo_, kUserAuth, "authentication", "alice", true);
    pam(sudo_, kUserAcct, "accounting", "alice", true);
    sudo_command(true);
    sudo_runs();
    exits(sudo_);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "success");
    EXPECT_EQ(attempt["whodid.auth.service"], "sudo");
    EXPECT_EQ(attempt["whodid.auth.method"], "password");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["whodid.auth.target_user"], "root");
    EXPECT_EQ(attempt["whodid.auth.command"], "id -u");
    EXPECT_EQ(attempt["user.name"], "alice");
    EXPECT_NE(attempt.text.find("SUDO     alice → root: id -u"), std::string::npos) << attempt.text;
    EXPECT_EQ(logins(), (Names{"auth.attempt success"}));  // its PAM session is no login
}

TEST_F(RightsTest, SudoMasksTheCommand) {
    starts_sudo();
    sudo_command(true, "\"mysql --password=hunter2 db\"");
    sudo_runs();
    EXPECT_EQ(one("auth.attempt")["whodid.auth.command"], "mysql --password=**** db");
    EXPECT_EQ(one("auth.attempt")["event.outcome"], "success");
}

TEST_F(RightsTest, SudoMasksTheCommandOfARefusal) {
    starts_sudo();
    sudo_command(false,
                 "6D7973716C202D7568756E7465722D746F6F202D7068756E74657232206462");  // "mysql -uhunter-too
                                                                                     // -phunter2 db"
    EXPECT_EQ(one("auth.attempt")["whodid.auth.command"], "mysql -uhunter-too -p**** db");
    EXPECT_EQ(one("auth.attempt")["event.outcome"], "failure");
}

TEST_F(RightsTest, SudoBad) {
    starts_sudo();
    for (int i = 0; i < 3; ++i) {
        pam(sudo_, kUserAuth, "authentication", "alice", false);
        pass(2 * kSecond);
    }
    sudo_command(false);
    exits(sudo_, 1);
    const auto attempts = all("auth.attempt");
    ASSERT_EQ(attempts.size(), 3u);
    for (const Seen& attempt : attempts) {
        EXPECT_EQ(attempt["event.outcome"], "failure");
        EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    }
    EXPECT_EQ(attempts[2]["whodid.auth.command"], "id -u");
}

TEST_F(RightsTest, SudoBadThenOk) {
    starts_sudo();
    pam(sudo_, kUserAuth, "authentication", "alice", false);
    pam(sudo_, kUserAuth, "authentication", "alice", true);
    pam(sudo_, kUserAcct, "accounting", "alice", true);
    sudo_command(true);
    sudo_runs();
    EXPECT_EQ(logins(), (Names{"auth.attempt failure", "auth.attempt success"}));
}

TEST_F(RightsTest, SudoNopasswdHasNoMethod) {
    starts_sudo();
    pam(sudo_, kUserAcct, "accounting", "alice", true);
    sudo_command(true);
    sudo_runs();
    EXPECT_EQ(one("auth.attempt")["event.outcome"], "success");
    EXPECT_FALSE(one("auth.attempt").has("whodid.auth.method"));
    EXPECT_EQ(one("auth.attempt")["whodid.auth.target_user"], "root");
}

TEST_F(RightsTest, SudoNotInSudoers) {  // the password was right
    starts_sudo();
    pam(sudo_, kUserAuth, "authentication", "alice", true);
    sudo_command(false);
    exits(sudo_, 1);
    EXPECT_EQ(logins(), (Names{"auth.attempt failure"}));
    EXPECT_EQ(one("auth.attempt")["whodid.auth.command"], "id -u");
}

TEST_F(RightsTest, SudoWithoutASession) {  // pam_session off in sudoers
    starts_sudo();
    sudo_command(true);
    pass(2 * kSecond);
    EXPECT_EQ(one("auth.attempt")["event.outcome"], "success");
}

TEST_F(RightsTest, ALongCommandIsJudgedByWhatFollows) {
    for (const bool allowed : {true, false}) {
        starts_sudo();
        pam(sudo_, kUserAuth, "authentication", "alice", allowed);
        std::string text = "cwd=\"/\" cmd=";
        while (text.size() < WHODID_TEXT_MAX - 1) text += "782";  // "x " over and over
        tells_audit(sudo_, kUserCmd, text.substr(0, WHODID_TEXT_MAX - 1));
        if (allowed) sudo_runs();
        exits(sudo_);
        ++sudo_.task.start_ns;
    }
    EXPECT_EQ(logins(), (Names{"auth.attempt success", "auth.attempt failure"}));
    EXPECT_EQ(all("auth.attempt")[0]["whodid.auth.target_user"], "root");
    EXPECT_GT(all("auth.attempt")[0]["whodid.auth.command"].size(), 400u);
}

TEST_F(RightsTest, SuOk) {
    forks(shell_.fork(4131));
    execs(su_, {"su", "-"});
    pam(su_, kUserAuth, "authentication", "root", true);
    pam(su_, kUserAcct, "accounting", "root", true);
    pam(su_, kCredAcq, "setcred", "root", true);
    pam(su_, kUserStart, "session_open", "root", true);
    pam(su_, kUserEnd, "session_close", "root", true);
    exits(su_);
    EXPECT_EQ(logins(), (Names{"auth.attempt success"}));
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["whodid.auth.service"], "su");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["whodid.auth.target_user"], "root");
    EXPECT_NE(attempt.text.find("SU       alice → root"), std::string::npos) << attempt.text;
}

// On a slow machine the session comes long after the password.
TEST_F(RightsTest, SuWhoseSessionIsLate) {
    forks(shell_.fork(4131));
    execs(su_, {"su", "-"});
    pam(su_, kUserAuth, "authentication", "root", true);
    pass(2'000'000'000);
    pam(su_, kUserStart, "session_open", "root", true);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "success");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["whodid.auth.target_user"], "root");
}

TEST_F(RightsTest, SuBad) {
    forks(shell_.fork(4131));
    execs(su_, {"su", "-"});
    pam(su_, kUserAuth, "authentication", "root", false);
    exits(su_, 1);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["whodid.auth.target_user"], "root");
}

TEST_F(RightsTest, Trap10_SuToAPasswordShowsNoName) {
    forks(shell_.fork(4131));
    execs(su_, {"su"});
    pam(su_, kUserAuth, "authentication", "hunter2", false);
    EXPECT_FALSE(one("auth.attempt").has("whodid.auth.target_user"));
    EXPECT_EQ(one("auth.attempt").json.find("hunter2"), std::string::npos);
}

TEST_F(RightsTest, AnExitOfSshdInASessionIsNotItsEnd) {
    there_was(Actor(shell_).fork(4000).ids(1004, 1004));
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", true);
    Actor shell = comes_in(monitor, "alice", 1004, 118, "");
    Actor check = shell.fork(4300).ids(0, 0).runs("/usr/sbin/sshd", kSshd);  // sudo sshd -t
    starts(check, {"sshd", "-t"});
    sshd_says(check, "Failed password for bob from 203.0.113.50 port 2 ssh2");
    exits(check);
    EXPECT_TRUE(all("session.end").empty());
}

// ---- accounts ---------------------------------------------------------------------------------------------

TEST_F(AuthTest, AccountChanges) {
    Actor useradd = Actor::process(5000).runs("/usr/sbin/useradd", kUseradd).login(1004, 118);
    Actor chpasswd = Actor::process(5001).runs("/usr/sbin/chpasswd", kChpasswd).login(1004, 118);
    const std::string rest = " exe=\"/usr/sbin/useradd\" hostname=? addr=? terminal=pts/0 res=success";
    tells_audit(useradd, kAddGroup, "op=adding group acct=\"carol\"" + rest);
    tells_audit(useradd, kAddUser, "op=adding user id=1006" + rest);
    tells_audit(useradd, kUserChauthtok, "op=adding user to group grp=\"sudo\" acct=\"carol\"" + rest);
    tells_audit(
        chpasswd, kUserChauthtok,
        "op=PAM:chauthtok grantors=pam_unix acct=\"alice\" exe=\"/usr/sbin/chpasswd\" hostname=? addr=? "
        "terminal=? res=success");
    tells_audit(chpasswd, kUserChauthtok,
                "op=PAM:chauthtok grantors=? acct=\"alice\" exe=\"/usr/sbin/chpasswd\" hostname=? addr=? "
                "terminal=? res=failed");
    const auto changes = all("auth.account");
    ASSERT_EQ(changes.size(), 5u);
    EXPECT_EQ(changes[0]["whodid.auth.operation"], "adding group");
    EXPECT_EQ(changes[0]["whodid.auth.account"], "carol");
    EXPECT_EQ(changes[0]["whodid.auth.service"], "useradd");
    EXPECT_EQ(changes[1]["whodid.auth.account_id"], "1006");
    EXPECT_EQ(changes[2]["whodid.auth.group"], "sudo");
    EXPECT_EQ(changes[3]["whodid.auth.account"], "alice");
    EXPECT_EQ(changes[3]["whodid.auth.service"], "chpasswd");
    EXPECT_EQ(changes[3]["event.outcome"], "success");
    EXPECT_EQ(changes[4]["event.outcome"], "failure");
    for (const Seen& change : changes) EXPECT_EQ(change["user.name"], "alice");
}

// ---- who may be believed ----------------------------------------------------------------------------------

const std::string kForged =
    "op=PAM:authentication grantors=pam_unix acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? "
    "addr=203.0.113.9 terminal=ssh res=success";

TEST_F(AuthTest, ForgedByRootsPython) {
    tells_audit(Actor::process(6000).runs("/usr/bin/python3.11", {254 << 20, 999}), kUserAuth, kForged);
    EXPECT_EQ(logins(), (Names{"sensor.tamper success"}));
    const Seen tamper = one("sensor.tamper");
    EXPECT_EQ(tamper["process.pid"], "6000");
    EXPECT_NE(tamper["whodid.sensor.text"].find("/usr/bin/python3.11"), std::string::npos);
    EXPECT_NE(tamper["whodid.sensor.text"].find("USER_AUTH"), std::string::npos);
}

TEST_F(AuthTest, ForgedByAnUnprivilegedSender) {  // of the true program: a copy of its file would not do
    tells_audit(Actor::process(6000, 1004).runs("/usr/sbin/sshd", kSshd), kUserAuth, kForged);
    EXPECT_EQ(logins(), (Names{"sensor.tamper success"}));
}

TEST_F(AuthTest, ForgedInAUserNamespaceOfOnesOwn) {  // unshare -Ur: all capabilities, of no weight
    Actor forger = Actor::process(6000).runs("/usr/sbin/sshd", kSshd);
    forger.task.flags &= ~REC_TASK_INIT_USER_NS;
    tells_audit(forger, kUserAuth, kForged);
    EXPECT_EQ(logins(), (Names{"sensor.tamper success"}));
}

TEST_F(AuthTest, ForgedByACopyOfTheProgram) {
    tells_audit(Actor::process(6000).runs("/tmp/sshd", {254 << 20, 4711}), kUserAuth, kForged);
    tells_audit(Actor::process(6001).runs("/usr/sbin/sshd", {7, 4711}), kUserAuth, kForged);
    EXPECT_EQ(logins(), (Names{"sensor.tamper success", "sensor.tamper success"}));
}

TEST_F(AuthTest, TheDeviceOfAnOverlayIsNotStatsButThePathAgrees) {
    Actor sshd = Actor::process(6001).runs("/usr/sbin/sshd", {0x2f, kSshd.inode});
    tells_audit(sshd, kUserAuth, kForged);
    EXPECT_TRUE(all("sensor.tamper").empty());
}

TEST_F(AuthTest, Trap10_AForgeryReportShowsNoTypedName) {
    Actor daemon = Actor::process(6000).runs("/usr/sbin/vsftpd", {254 << 20, 998});
    tells_audit(daemon, kUserAuth,
                "op=PAM:authentication grantors=? acct=\"hunter2\" exe=\"/usr/sbin/vsftpd\" hostname=? "
                "addr=203.0.113.9 terminal=ftp res=failed");
    EXPECT_EQ(one("sensor.tamper").json.find("hunter2"), std::string::npos);
}

TEST_F(AuthTest, MessagesOfOtherTradesAreNoForgery) {
    Actor bash = Actor::process(6000).runs("/usr/bin/bash", {254 << 20, 997});
    tells_audit(bash, kUserTty, "op=tty data=68756E746572320A");  // readline's keystrokes
    tells_audit(Actor::process(6001).runs("/usr/bin/dbus-daemon", {254 << 20, 996}), kUserAvc, "avc: denied");
    tells_audit(Actor::process(6002).runs("/usr/bin/rpm", {254 << 20, 995}), 1138,
                "op=install sw=\"x\" res=success");
    EXPECT_TRUE(logins().empty());
}

TEST_F(AuthTest, ChangingTheAuditConfigurationIsTampering) {
    tells_audit(Actor::process(6000).runs("/usr/sbin/auditctl", {254 << 20, 994}), kAuditSet, "");
    tells_audit(Actor::process(6000).runs("/usr/sbin/auditctl", {254 << 20, 994}), kAuditDelRule, "");
    EXPECT_EQ(all("sensor.tamper").size(), 2u);
}

TEST_F(AuthTest, AContainersSshdMakesAClaim) {
    Actor sshd = Actor::process(6100).runs("/usr/sbin/sshd", {0x30, 12});
    sshd.cgroup = "/system.slice/docker-" + std::string(64, 'a') + ".scope";
    there_was(sshd);
    pam(sshd, kUserAuth, "authentication", "alice", false);
    pass(5 * kSecond);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["whodid.auth.unverified"], "true");
    EXPECT_EQ(attempt["container.id"], std::string(64, 'a'));
    EXPECT_TRUE(all("sensor.tamper").empty());
}

TEST_F(AuthTest, AContainerCannotRenameNorEndAHostsSession) {
    Actor monitor = connection(4090);
    pam(monitor, kUserAuth, "authentication", "alice", true);
    Actor shell = comes_in(monitor, "alice", 1004, 118, "");
    Actor in = shell.fork(6200).ids(0, 0).runs("/bin/evil", {0x30, 13});  // podman run by alice, as root
    in.cgroup = "/machine.slice/libpod-" + std::string(64, 'b') + ".scope";
    starts(in, {"evil"});
    pam(in, kUserStart, "session_open", "root", true);
    tells_audit(in, kUserLogin,
                "op=login id=1004 exe=\"/x\" hostname=? addr=203.0.113.9 terminal=/dev/pts/9 res=success");
    pam(in, kUserEnd, "session_close", "root", true);
    execs(shell.fork(4111).runs("/usr/bin/ls"), {"ls"});
    EXPECT_TRUE(all("session.end").empty());
    const Seen ls = all("process.exec").back();
    EXPECT_EQ(ls["user.name"], "alice");
    EXPECT_EQ(ls["whodid.origin.address"], "198.51.100.7");
    EXPECT_FALSE(ls.has("whodid.origin.terminal"));
}

TEST_F(AuthTest, LogLinesOfOthersAreNotBelieved) {
    const std::string line = "Failed password for root from 203.0.113.9 port 1 ssh2";
    sshd_says(Actor::process(6300, 1004).runs("/usr/sbin/sshd", kSshd), line);
    sshd_says(Actor::process(6301).runs("/tmp/sshd", {254 << 20, 4711}), line);
    sshd_says(Actor::process(6302).runs("/usr/bin/logger", {254 << 20, 993}), line);
    EXPECT_TRUE(logins().empty());
}

TEST_F(AuthTest, AnUpgradedProgramIsKnownAgain) {
    host.ids["/usr/sbin/sshd"] = {254 << 20, 7777};
    pass(11 * kSecond);
    tells_audit(Actor::process(6400).runs("/usr/sbin/sshd", {254 << 20, 7777}), kUserAuth, kForged);
    EXPECT_TRUE(all("sensor.tamper").empty());
}

// ---- the login uid ----------------------------------------------------------------------------------------

TEST_F(AuthTest, Trap07_ALoginUidSetByAnUnknownProgramIsALoginToo) {
    Actor daemon = Actor::process(6500).runs("/usr/sbin/xrdp-sesman");
    there_was(daemon);
    happens(test::RecordBuilder<rec_credentials>(REC_RAW_CREDENTIALS, daemon.login(1005, 122).task));
    pass(2 * kSecond);
    const Seen start = one("session.start");
    EXPECT_EQ(start["user.name"], "bob");
    EXPECT_EQ(start["whodid.origin.type"], "local");
    EXPECT_EQ(start["whodid.basis.origin"], "inferred");
}

TEST_F(AuthTest, RewritingTheLoginUidIsTampering) {
    Actor bash = Actor::process(6600).login(1004, 118).runs("/usr/bin/bash");
    there_was(bash);
    execs(bash.login(1005, 130), {"bash"});
    const Seen tamper = one("sensor.tamper");
    EXPECT_EQ(tamper["whodid.sensor.text"], "login uid rewritten: 1004 session 118 to 1005 session 130");
}

TEST_F(AuthTest, Trap08_ASshdThatWasStartedByHandStillLetsPeopleIn) {
    Actor sshd = Actor::process(6700).login(1004, 118).runs("/usr/sbin/sshd", kSshd);
    there_was(sshd);
    Actor monitor = sshd.fork(6701);
    starts(monitor, {"sshd", "-R"});
    pam(monitor, kUserAuth, "authentication", "bob", true);
    Actor shell = comes_in(monitor, "bob", 1005, 131, "");
    EXPECT_TRUE(all("sensor.tamper").empty());
    EXPECT_EQ(one("session.start")["user.name"], "bob");
    EXPECT_EQ(all("process.exec").back()["whodid.chain"], "bob:bash[6713]");
}

TEST_F(AuthTest, AnUnsetLoginUidIsNeverALogin) {
    execs(Actor::process(6800).runs("/usr/sbin/nginx"), {"nginx"});
    happens(test::RecordBuilder<rec_credentials>(REC_RAW_CREDENTIALS, Actor::process(6800).task));
    pass(5 * kSecond);
    EXPECT_TRUE(logins().empty());
}

TEST_F(AuthTest, CutMessagesHaveNoOutcome) {
    Actor monitor = connection(4090);
    std::string text =
        "op=PAM:authentication grantors=? acct=\"alice\" exe=\"/usr/sbin/sshd\" res=failed hostname=";
    text.resize(WHODID_TEXT_MAX - 1, 'x');
    tells_audit(monitor, kUserAuth, text);
    exits(monitor);
    EXPECT_TRUE(logins().empty());
}

TEST_F(AuthTest, ManyConnectionsAreForgottenInTheEnd) {
    for (std::uint32_t i = 0; i < 6000; ++i) {
        Actor monitor = listener_.fork(10'000 + i);
        starts(monitor, {"sshd", "-R"});
        pam(monitor, kUserAuth, "authentication", "root", false);
        if (i % 2) exits(monitor);
    }
    pass(700 * kSecond);
    EXPECT_LE(all("auth.attempt").size(), 6000u);
    EXPECT_GE(all("auth.attempt").size(), 5000u);
}

// ---- libpam's functions -----------------------------------------------------------------------------------

class PamTest : public AuthTest {
protected:
    void ends(const Actor& a, std::uint32_t call, std::uint32_t returned, std::string_view user,
              std::string_view from = {}) {
        RecordBuilder<rec_pam> r(REC_RAW_PAM, a.task);
        r->call = call;
        r->returned = returned;
        r.text(&rec_pam::service, "any").text(&rec_pam::user, user).text(&rec_pam::host, from);
        happens(std::move(r));
    }
    Actor runs_su(std::uint32_t pid, std::uint32_t uid) {
        Actor su = init_.fork(pid).ids(uid, 0).login(uid, 7).runs("/usr/bin/su", kSu);
        starts(su, {"su", "bob"});
        return su;
    }
    static constexpr std::uint32_t kAuthErr = 7;
};

TEST_F(PamTest, SuThatWorks) {
    const Actor su = runs_su(4200, 1004);
    ends(su, REC_PAM_AUTHENTICATE, 0, "bob");
    ends(su, REC_PAM_ACCOUNT, 0, "bob");
    ends(su, REC_PAM_SESSION, 0, "bob");
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "success");
    EXPECT_EQ(attempt["whodid.auth.service"], "su");
    EXPECT_EQ(attempt["whodid.auth.account"], "alice");
    EXPECT_EQ(attempt["whodid.auth.target_user"], "bob");
    EXPECT_EQ(attempt["whodid.auth.source"], "pam_uprobe");
}

TEST_F(PamTest, SuThatIsRefused) {
    ends(runs_su(4200, 1004), REC_PAM_AUTHENTICATE, kAuthErr, "bob");
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["whodid.auth.target_user"], "bob");
    EXPECT_EQ(attempt["whodid.auth.source"], "pam_uprobe");
}

TEST_F(PamTest, SshByKeyAndByPassword) {
    const Actor by_key = connection(4300), by_password = connection(4301);
    ends(by_key, REC_PAM_ACCOUNT, 0, "alice", client_);
    ends(by_key, REC_PAM_SESSION, 0, "alice", client_);
    ends(by_password, REC_PAM_AUTHENTICATE, 0, "bob", client_);
    ends(by_password, REC_PAM_ACCOUNT, 0, "bob", client_);
    ends(by_password, REC_PAM_SESSION, 0, "bob", client_);
    const auto attempts = all("auth.attempt");
    ASSERT_EQ(attempts.size(), 2u);
    EXPECT_EQ(attempts[0]["whodid.auth.method"], "publickey");
    EXPECT_EQ(attempts[1]["whodid.auth.method"], "password");
    for (const Seen& attempt : attempts) {
        EXPECT_EQ(attempt["event.outcome"], "success");
        EXPECT_EQ(attempt["client.address"], client_);
    }
}

TEST_F(PamTest, WhatAuditIsToldIsNotToldTwice) {
    const Actor su = runs_su(4200, 1004);
    pam(su, kUserAuth, "authentication", "bob", false);
    ends(su, REC_PAM_AUTHENTICATE, kAuthErr, "bob");
    EXPECT_FALSE(one("auth.attempt").has("whodid.auth.source"));
}

// Any program can call pam_authenticate, or make it return what it likes.
TEST_F(PamTest, AStrangersWordIsWorthNothing) {
    Actor stranger = init_.fork(4200).ids(1004, 0).runs("/tmp/su", {254 << 20, 999});
    starts(stranger, {"su"});
    ends(stranger, REC_PAM_AUTHENTICATE, 0, "root");
    Actor inside = runs_su(4201, 1004);
    inside.task.flags = REC_TASK_FULL;
    ends(inside, REC_PAM_AUTHENTICATE, 0, "root");
    EXPECT_TRUE(all("auth.attempt").empty());
}

TEST_F(PamTest, AMistypedNameIsNotShown) {
    ends(connection(4300), REC_PAM_AUTHENTICATE, kAuthErr, "hunter2", client_);
    const Seen attempt = one("auth.attempt");
    EXPECT_EQ(attempt["whodid.auth.account"], "");
    EXPECT_EQ(attempt.json.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace whodid
