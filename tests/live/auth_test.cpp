// SPDX-License-Identifier: Apache-2.0
// Logins that worked and failed, by every method, and what becomes of who logged in. Real sshd, sudo, su.
#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class AuthTest : public SensorTest {
protected:
    std::optional<Json> attempt(std::function<bool(const Json&)> where) {
        return sensor_->wait_for({"auth.attempt", 0, std::move(where)});
    }
    std::optional<Json> failure(const std::string& service) {
        return attempt([=](const Json& e) {
            return at(e, "event.outcome") == "failure" && at(e, "whodid.auth.service") == service;
        });
    }
    std::optional<Json> success(const std::string& service) {
        return attempt([=](const Json& e) {
            return at(e, "event.outcome") == "success" && at(e, "whodid.auth.service") == service;
        });
    }
};

TEST_F(AuthTest, SshPassword) {
    ASSERT_TRUE(exited(0, stage_->ssh_password("alice", kAlice.password, "true")));
    const auto event = success("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.auth.method", "password"},
                               {"whodid.auth.account", "alice"},
                               {"client.address", "127.0.0.1"}}),
              "");
    EXPECT_TRUE(at(*event, "client.port").is_number());
    const auto login = sensor_->wait_for({"session.start", at(*event, "process.pid").get<pid_t>(), {}});
    ASSERT_TRUE(login);
    EXPECT_EQ(lacking(*login, {{"user.name", "alice"},
                               {"whodid.origin.method", "password"},
                               {"whodid.origin.address", "127.0.0.1"},
                               {"whodid.basis.method", "log"}}),
              "");
    EXPECT_EQ(at(*login, "whodid.origin.port"), at(*event, "client.port"));
}

TEST_F(AuthTest, SshPasswordRefused) {
    ASSERT_TRUE(worked(stage_->ssh_password("alice", "wrong-password", "true")));
    const auto event = failure("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.auth.method", "password"},
                               {"client.address", "127.0.0.1"},
                               {"error.type", "EACCES"}}),
              "");
    EXPECT_TRUE(at(*event, "user").is_null()) << "traps.md 10: the sender's user is not who tried";
}

TEST_F(AuthTest, SshKey) {
    ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, "true")));
    const auto event = success("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.auth.method"), "publickey");
    EXPECT_EQ(at(*event, "whodid.auth.key").get<std::string>().substr(0, 7), "SHA256:");
    const auto login = sensor_->wait_for({"session.start", at(*event, "process.pid").get<pid_t>(), {}});
    ASSERT_TRUE(login);
    EXPECT_EQ(at(*login, "whodid.origin.key"), at(*event, "whodid.auth.key"));
}

TEST_F(AuthTest, SshKeyRefused) {
    ASSERT_TRUE(worked(stage_->ssh_key("alice", kStrangerKey, "true")));
    const auto event = failure("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.auth.method", "publickey"}, {"client.address", "127.0.0.1"}}), "");
}

TEST_F(AuthTest, SshKeyboardInteractive) {
    ASSERT_TRUE(exited(0, stage_->ssh_kbdint("alice", kAlice.password, "true")));
    const auto event = success("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.auth.method"), "keyboard-interactive/pam");
}

TEST_F(AuthTest, SshKeyboardInteractiveRefused) {
    ASSERT_TRUE(worked(stage_->ssh_kbdint("bob", "wrong-password", "true")));
    const auto event = failure("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event,
                      {{"whodid.auth.method", "keyboard-interactive/pam"}, {"client.address", "127.0.0.1"}}),
              "");
}

// traps.md 10. People type passwords where the name goes: an account that is not there is a keyed hash and a
// length.
TEST_F(AuthTest, Trap10_UnknownAccountsAreNotWritten) {
    ASSERT_TRUE(worked(stage_->ssh_password("hunter2-oops", "x", "true")));
    const auto event = failure("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->dump().find("hunter2"), std::string::npos) << event->dump();
    EXPECT_EQ(at(*event, "whodid.auth.account_length"), 12);
    EXPECT_TRUE(at(*event, "whodid.auth.account_hash").is_string());
}

TEST_F(AuthTest, SshRootRefused) {
    ASSERT_TRUE(worked(stage_->ssh_password("root", kRoot.password, "true")));
    const auto event = failure("sshd");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.auth.account"), "root");
}

TEST_F(AuthTest, Sudo) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    options.answers = {{"password for alice: ", kAlice.password}};
    ASSERT_TRUE(exited(0, stage_->run({"sudo", "id", "-u"}, options)));
    const auto event = success("sudo");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.auth.method", "password"},
                               {"whodid.auth.account", "alice"},
                               {"whodid.auth.target_user", "root"},
                               {"whodid.auth.command", "id -u"},
                               {"user.id", std::to_string(kAlice.uid)}}),
              "");
}

TEST_F(AuthTest, SudoRefused) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    options.answers = {
        {"password for alice: ", "no"}, {"password for alice: ", "no"}, {"password for alice: ", "no"}};
    ASSERT_TRUE(exited(1, stage_->run({"sudo", "-k", "id"}, options)));
    const auto event = failure("sudo");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "user.id"), std::to_string(kAlice.uid));
}

TEST_F(AuthTest, SudoWithoutPassword) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    ASSERT_TRUE(exited(0, stage_->run({"sudo", "-n", kNopasswdProgram}, options)));
    const auto event = success("sudo");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.auth.command"), kNopasswdProgram);
}

TEST_F(AuthTest, SudoThatIsNotAllowed) {
    RunOptions options = as_user(kBob);
    options.loginuid = kBob.uid;
    options.answers = {{"password for bob: ", kBob.password}};
    ASSERT_TRUE(exited(1, stage_->run({"sudo", "id"}, options)));
    const auto event = failure("sudo");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.auth.command", "id"}, {"user.id", std::to_string(kBob.uid)}}), "");
}

TEST_F(AuthTest, Su) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    options.answers = {{"Password: ", kBob.password}};
    ASSERT_TRUE(exited(0, stage_->run({"su", "bob", "-c", "true"}, options)));
    const auto event = success("su");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.auth.target_user", "bob"}, {"user.id", std::to_string(kAlice.uid)}}),
              "");
}

TEST_F(AuthTest, SuRefused) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    options.answers = {{"Password: ", "wrong"}};
    ASSERT_TRUE(worked(stage_->run({"su", "root", "-c", "true"}, options)));
    const auto event = failure("su");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.auth.target_user"), "root");
}

// Any root process can claim to be sshd; in a user namespace anybody holds the capability.
TEST_F(AuthTest, ForgedMessagesAreTamperingNotLogins) {
    const auto forged = stage_->deed("forge_audit", {});
    ASSERT_TRUE(worked(forged));
    const auto tamper = sensor_->wait_for({"sensor.tamper", forged->front().pid(), {}});
    ASSERT_TRUE(tamper);
    EXPECT_NE(at(*tamper, "whodid.sensor.text").get<std::string>().find("forge_audit"), std::string::npos);
    RunOptions options = as_user(kAlice);
    const auto inside = stage_->deed("forge_audit", {"userns"}, options);
    if (inside && !inside->empty()) {
        EXPECT_TRUE(sensor_->wait_for({"sensor.tamper", inside->front().pid(), {}}));
    }
    EXPECT_TRUE(sensor_->all({"auth.attempt", forged->front().pid(), {}}).empty());
}

TEST_F(AuthTest, ALogLineOfAnotherProgramIsNoLogin) {
    const auto sent = stage_->deed(
        "syslog_line", {"Accepted publickey for root from 6.6.6.6 port 1 ssh2: ED25519 SHA256:x"});
    ASSERT_TRUE(worked(sent));
    ASSERT_TRUE(sensor_->wait_for({"process.exit", sent->front().pid(), {}}));
    const auto claimed = [](const Json& e) { return e.dump().find("6.6.6.6") != std::string::npos; };
    EXPECT_TRUE(sensor_->all({"auth.attempt", sent->front().pid(), claimed}).empty());
    EXPECT_TRUE(sensor_->all({"session.start", sent->front().pid(), claimed}).empty());
}

TEST_F(AuthTest, APasswordThatIsChangedIsTold) {
    ASSERT_TRUE(exited(0, stage_->run({"/bin/sh", "-c", "echo bob:Another-one-8 | chpasswd"})));
    const auto event = sensor_->wait_for(
        {"auth.account", 0, [](const Json& e) { return at(e, "whodid.auth.service") == "chpasswd"; }});
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.auth.account"), "bob");
    ASSERT_TRUE(
        exited(0, stage_->run({"/bin/sh", "-c", std::string("echo bob:") + kBob.password + " | chpasswd"})));
}

TEST_F(AuthTest, ALoginUidThatIsRewrittenIsTampering) {
    RunOptions options;
    options.loginuid = kAlice.uid;
    const auto facts = stage_->deed("loginuid_write", {std::to_string(kBob.uid)}, options);
    ASSERT_TRUE(worked(facts));
    if (facts->front().result() < 0) GTEST_SKIP() << "this kernel keeps login uids as they are";
    const auto event = sensor_->wait_for({"sensor.tamper", facts->front().pid(), {}});
    ASSERT_TRUE(event);
    EXPECT_NE(at(*event, "whodid.sensor.text").get<std::string>().find("login uid"), std::string::npos);
}

class Identity : public SensorTest {};

TEST_F(Identity, ARealUserThatChangesIsTold) {
    const auto facts = stage_->deed("identity_ways", {"setuid", "/tmp"});
    ASSERT_TRUE(worked(facts));
    const auto event = sensor_->wait_for({"identity.change", facts->front().pid(), {}});
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.identity.how", "setuid"},
                               {"whodid.identity.from.uid", 0},
                               {"whodid.identity.to.uid", kAlice.uid}}),
              "");
}

// All capabilities, over the namespace it made: where credentials are set it is seen, whichever call it was.
TEST_F(Identity, EnteringAUserNamespaceIsToldWhereAnyCallIs) {
    if (sensor_->about().find("full backend") == std::string::npos)
        GTEST_SKIP() << "told by the full backend only";
    const auto run = stage_->run({"/usr/bin/unshare", "--user", "/usr/bin/true"}, as_user(kAlice));
    ASSERT_TRUE(worked(run));
    if (run->exit_code() != 0) GTEST_SKIP() << "no user namespaces here: " << run->err;
    const auto event = sensor_->wait_for({"identity.change", run->pid, [](const Json& e) {
                                              return at(e, "whodid.identity.how") == "namespace";
                                          }});
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.executable.name", "unshare"},
                               {"whodid.identity.from.uid", kAlice.uid},
                               {"whodid.identity.to.uid", kAlice.uid}}),
              "");
}

// traps.md 6: what a process does next, it does with the rights it has by then.
TEST_F(Identity, Trap06_TheNextActHasTheNewRights) {
    const auto facts = stage_->deed("identity_ways", {"setresuid", "/tmp"});
    ASSERT_TRUE(worked(facts));
    const auto exec = sensor_->wait_for({"process.exec", facts->front().pid(), {}});
    const auto exit = sensor_->wait_for({"process.exit", facts->front().pid(), {}});
    ASSERT_TRUE(exec && exit);
    EXPECT_EQ(at(*exec, "process.user.id"), 0);
    EXPECT_EQ(lacking(*exit, {{"process.user.id", kAlice.uid}, {"whodid.process.group.id", 0}}), "");
}

// traps.md 27: what was refused has changed nothing.
TEST_F(Identity, Trap27_ARefusedChangeIsNone) {
    const auto facts = stage_->deed("identity_ways", {"setresuid", "/tmp", "0"}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    ASSERT_EQ(facts->front().result(), -EPERM);
    const auto exit = sensor_->wait_for({"process.exit", facts->front().pid(), {}});
    ASSERT_TRUE(exit);
    EXPECT_EQ(at(*exit, "process.user.id"), kAlice.uid);
    EXPECT_TRUE(sensor_
                    ->all({"identity.change", facts->front().pid(),
                           [](const Json& e) { return at(e, "process.executable.name") == "identity_ways"; }})
                    .empty());
}

TEST_F(Identity, FlippingTheEffectiveUserIsNoChange) {
    const auto facts = stage_->deed("identity_ways", {"flip_flop", "/tmp"});
    ASSERT_TRUE(worked(facts));
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts->front().pid(), {}}));
    EXPECT_TRUE(sensor_->all({"identity.change", facts->front().pid(), {}}).empty());
}

// traps.md 5 and 6: a set-id program's rights are those it has now, its user still the one who logged in.
TEST_F(Identity, Trap05_SetIdProgramsKeepTheUser) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    const auto facts = stage_->deed("suid_probe", {}, options);
    ASSERT_TRUE(worked(facts));
    const auto exec = sensor_->wait_for({"process.exec", facts->front().pid(), {}});
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.id", std::to_string(kAlice.uid)},
                              {"process.user.id", 0},
                              {"process.real_user.id", kAlice.uid}}),
              "");
    EXPECT_TRUE(sensor_->wait_for({"identity.change", facts->front().pid(), [](const Json& e) {
                                       return at(e, "whodid.identity.how") == "setuid-exec";
                                   }}));
}

// traps.md 7: a daemon's acts are nobody's.
TEST_F(Identity, Trap07_DaemonsWithoutALoginHaveNoUser) {
    RunOptions options;
    options.loginuid = kLoginuidUnset;
    const auto facts = stage_->deed("daemonize", {}, options);
    ASSERT_TRUE(worked(facts));
    const auto open = sensor_->wait_for({"file.open", facts->front().pid(), {}});
    ASSERT_TRUE(open);
    EXPECT_TRUE(at(*open, "user").is_null()) << open->dump();
    EXPECT_EQ(at(*open, "whodid.basis.user"), "kernel");
}

}  // namespace
}  // namespace whodid::live
