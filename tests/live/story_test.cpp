// SPDX-License-Identifier: Apache-2.0
// The story the product exists for: a person logs in, becomes root, changes and connects, and every line says
// who it was and from where, also those run as root.
#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Story : public SensorTest {};

bool by_alice(const Json& e) { return at(e, "user.name") == "alice"; }

TEST_F(Story, EveryLineNamesThePersonAndTheAddress) {
    auto terminal = stage_->ssh_terminal(kAlice);
    ASSERT_TRUE(worked(terminal));
    PtySession& alice = **terminal;
    const auto login = sensor_->wait_for({"session.start", 0, by_alice});
    ASSERT_TRUE(login);
    EXPECT_EQ(lacking(*login, {{"user.id", std::to_string(kAlice.uid)},
                               {"whodid.origin.type", "ssh"},
                               {"whodid.origin.address", "127.0.0.1"},
                               {"whodid.basis.user", "kernel"},
                               {"whodid.auth.service", "sshd"}}),
              "");
    const Json session = at(*login, "session.id");
    ASSERT_TRUE(session.is_string());

    const auto in_session = [&](std::function<bool(const Json&)> more) {
        return [=](const Json& e) { return at(e, "session.id") == session && (!more || more(e)); };
    };
    ASSERT_TRUE(worked(alice.ask("sudo -i", "password for alice: ")));
    ASSERT_TRUE(worked(alice.ask(kAlice.password, "root> ")));
    const auto sudo = sensor_->wait_for({"auth.attempt", 0, in_session({})});
    ASSERT_TRUE(sudo);
    EXPECT_EQ(lacking(*sudo, {{"event.outcome", "success"},
                              {"whodid.auth.service", "sudo"},
                              {"whodid.auth.target_user", "root"},
                              {"whodid.auth.account", "alice"},
                              {"user.name", "alice"}}),
              "");

    ASSERT_TRUE(worked(alice.ask("echo '# changed' >> /etc/ssh/sshd_config; echo done-1", "done-1")));
    const auto change = sensor_->wait_for({"file.open", 0, in_session([](const Json& e) {
                                               return at(e, "file.path") == "/etc/ssh/sshd_config" &&
                                                      at(e, "whodid.file.access") == "w";
                                           })});
    ASSERT_TRUE(change);
    EXPECT_EQ(lacking(*change, {{"process.user.name", "root"},
                                {"user.name", "alice"},
                                {"whodid.basis.origin", "pam"},
                                {"whodid.origin.address", "127.0.0.1"}}),
              "");

    ASSERT_TRUE(worked(alice.ask(
        "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(stage_->ssh_port()) + "; echo done-2", "done-2")));
    const auto connect = sensor_->wait_for({"network.connect", 0, in_session([&](const Json& e) {
                                                return at(e, "network.peer.port") == stage_->ssh_port();
                                            })});
    ASSERT_TRUE(connect);
    EXPECT_EQ(lacking(*connect, {{"user.name", "alice"},
                                 {"process.user.name", "root"},
                                 {"network.peer.address", "127.0.0.1"},
                                 {"network.transport", "tcp"},
                                 {"event.outcome", "success"}}),
              "");

    ASSERT_TRUE(worked(alice.ask("/usr/bin/id -u; echo done-3", "done-3")));
    const auto as_root = sensor_->wait_for({"process.exec", 0, in_session([](const Json& e) {
                                                return at(e, "process.executable.path") == "/usr/bin/id" &&
                                                       at(e, "process.command_args").size() == 2 &&
                                                       at(e, "process.user.id") == 0;
                                            })});
    ASSERT_TRUE(as_root);
    const Json chain = at(*as_root, "whodid.chain");
    ASSERT_EQ(chain.size(), 3u) << as_root->dump();
    EXPECT_EQ(chain[0].get<std::string>().substr(0, 11), "alice:bash[");
    EXPECT_EQ(chain[1].get<std::string>().substr(0, 5), "sudo[");
    EXPECT_EQ(chain[2].get<std::string>().substr(0, 10), "root:bash[");

    ASSERT_TRUE(worked(alice.ask("exit", "alice> ")));
    ASSERT_TRUE(worked(alice.send("exit")));
    const auto logout = sensor_->wait_for({"session.end", 0, in_session({})}, milliseconds(20'000));
    ASSERT_TRUE(logout);
    EXPECT_EQ(lacking(*logout, {{"user.name", "alice"}, {"whodid.origin.address", "127.0.0.1"}}), "");
    EXPECT_GT(at(*logout, "whodid.session.execs").get<int>(), 3);
    EXPECT_GT(at(*logout, "whodid.session.writes").get<int>(), 0);
}

TEST_F(Story, AFailedPasswordIsTold) {
    const auto refused = stage_->ssh_password("bob", "not-his-password", "true");
    ASSERT_TRUE(worked(refused));
    const auto failed = sensor_->wait_for({"auth.attempt", 0, [](const Json& e) {
                                               return at(e, "event.outcome") == "failure" &&
                                                      at(e, "whodid.auth.method") == "password";
                                           }});
    ASSERT_TRUE(failed);
    EXPECT_EQ(lacking(*failed, {{"whodid.auth.service", "sshd"}, {"client.address", "127.0.0.1"}}), "");
}

}  // namespace
}  // namespace whodid::live
