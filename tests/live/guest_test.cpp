// SPDX-License-Identifier: Apache-2.0
// What changes a machine for good, hence is for a guest that is gone afterwards: the login program of a newer
// OpenSSH, an auditd whose configuration cannot be changed again.
#include <unistd.h>

#include <optional>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Guest : public SensorTest {
protected:
    void SetUp() override {
        if (const std::string reason = kept_machine(); !reason.empty()) GTEST_SKIP() << reason;
        SensorTest::SetUp();
    }
    Result<RunResult> shell(const std::string& command) const {
        return stage_->run({"/bin/sh", "-c", command});
    }
    Result<Child> start_daemon(const std::vector<std::string>& argv) const {
        RunOptions options;
        options.loginuid = kLoginuidUnset;
        return Child::start(stage_->world(), argv, options, Stdio::kPipes);
    }
    /// Waits until the command ends with 0 in the stage.
    testing::AssertionResult comes_true(const std::string& command) const {
        const auto waited = shell("for i in $(seq 600); do { " + command +
                                  "; } >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1");
        return exited(0, waited) << " waiting for: " << command;
    }
};

// ---- OpenSSH since 9.8 ------------------------------------------------------------------------------------

// Since 9.8 a program of its own serves a connection. It is known by its file: here it is an older sshd, in
// its place. The sensor looks there every ten seconds, so the first logins may come too early.
TEST_F(Guest, Trap11_ALoginBySshdSession) {
    const std::string program = "/usr/lib/openssh/sshd-session", port = "2298";
    ASSERT_TRUE(exited(0, run_in(this_world(), {"/bin/cp", "/usr/sbin/sshd", program}, {})));
    // An older sshd asks PAM by the name of its program.
    ASSERT_TRUE(exited(0, shell("cp /etc/pam.d/sshd /etc/pam.d/sshd-session")));
    auto sshd = start_daemon({program, "-D", "-p", port});
    ASSERT_TRUE(worked(sshd));
    ASSERT_TRUE(worked(stage_->log().wait_for("Server listening on 127.0.0.1 port " + port)));
    const auto logged_in = [&](const std::string& mark) {
        EXPECT_TRUE(exited(
            0, stage_->run({"ssh", "-p", port, "-i", kAliceKey, "-o", "StrictHostKeyChecking=no", "-o",
                            "PreferredAuthentications=publickey", "alice@127.0.0.1", "/bin/echo " + mark})));
        return exec_of_echo(mark);
    };
    std::optional<Json> exec = logged_in("by-session-0");
    for (int i = 1; i < 20 && exec && at(*exec, "whodid.origin.method") != "publickey"; ++i)
        exec = logged_in("by-session-" + std::to_string(i));
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "alice"},
                              {"whodid.person.id", "alice@stage"},
                              {"whodid.origin.type", "ssh"},
                              {"whodid.origin.address", "127.0.0.1"},
                              {"whodid.origin.method", "publickey"},
                              {"whodid.basis.origin", "pam"}}),
              "");
    const auto start = sensor_->wait_for(
        {"session.start", 0, [&](const Json& e) { return at(e, "session.id") == at(*exec, "session.id"); }});
    ASSERT_TRUE(start);
    EXPECT_EQ(lacking(*start, {{"whodid.auth.service", "sshd"}, {"process.executable.path", program}}), "");
}

// ---- auditd -----------------------------------------------------------------------------------------------

class GuestsAuditd : public Guest {
protected:
    void SetUp() override {
        Guest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        ASSERT_TRUE(exited(0, shell("mkdir -p -m 750 /var/log/audit")));
        auto started = start_daemon({"/usr/sbin/auditd", "-n"});
        ASSERT_TRUE(worked(started));
        auditd_.emplace(std::move(*started));
        ASSERT_TRUE(comes_true("auditctl -s | grep -q '^pid [1-9]'"));
    }
    /// What the kernel's audit says of itself, "lost" for one.
    long status(const std::string& name) const {
        const auto said = shell("auditctl -s | sed -n 's/^" + name + " //p'");
        EXPECT_TRUE(exited(0, said));
        return said ? std::strtol(said->out.c_str(), nullptr, 10) : -1;
    }
    /// alice logs in by her key and looks: who that was, and from where.
    void expect_alice_is_told(const std::string& mark) {
        ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, "/bin/echo " + mark)));
        const auto exec = exec_of_echo(mark);
        ASSERT_TRUE(exec) << mark;
        EXPECT_EQ(lacking(*exec, {{"user.name", "alice"},
                                  {"whodid.person.id", "alice@stage"},
                                  {"whodid.origin.address", "127.0.0.1"},
                                  {"whodid.origin.method", "publickey"},
                                  {"whodid.basis.origin", "pam"}}),
                  "")
            << mark;
    }
    /// auditd has heard of it as well.
    testing::AssertionResult audit_log_has(const std::string& what) const {
        return comes_true("grep -q -- '" + what + "' /var/log/audit/audit.log");
    }
    std::optional<Child> auditd_;
};

// It neither takes the socket nor answers for auditd: both hear the same logins, and the kernel drops nothing
// for them. Last, the configuration is locked until the machine starts anew.
TEST_F(GuestsAuditd, TheSameIsToldBesideAuditdAlsoAnImmutableOne) {
    const long pid = status("pid"), lost = status("lost");
    ASSERT_TRUE(
        exited(0, shell("auditctl -a always,exit -F arch=b64 -S execve -F path=/usr/bin/echo -k stage")));
    expect_alice_is_told("beside-auditd");
    EXPECT_TRUE(audit_log_has("USER_START.*acct=.alice."));
    EXPECT_TRUE(audit_log_has("a1=.beside-auditd."));

    ASSERT_TRUE(exited(0, shell("auditctl -e 2")));
    ASSERT_EQ(status("enabled"), 2);
    EXPECT_TRUE(sensor_->wait_for(
        {"sensor.tamper", 0, [](const Json& e) { return at(e, "process.executable.name") == "auditctl"; }}));
    expect_alice_is_told("beside-an-immutable-one");
    EXPECT_TRUE(audit_log_has("a1=.beside-an-immutable-one."));
    EXPECT_EQ(status("pid"), pid);
    EXPECT_EQ(status("lost"), lost);
}

}  // namespace
}  // namespace whodid::live
