// SPDX-License-Identifier: Apache-2.0
// Who it was, whatever they did to be somebody else: shared accounts, changes of user, jobs, processes that
// outlive their terminal.
#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Attribution : public SensorTest {
protected:
    /// alice at a terminal, who came by her key.
    Result<std::unique_ptr<PtySession>> alice_by_key() {
        auto session = stage_->open_terminal(
            {"ssh", "-tt", "-i", kAliceKey, "-o", "PreferredAuthentications=publickey", "alice@127.0.0.1"});
        if (!session) return session.error();
        if (auto in = (*session)->expect("alice> "); !in) return in.error();
        return session;
    }
    /// The exec of /bin/echo with that argument, which tells it from all others.
    std::optional<Json> exec_of(const std::string& argument) {
        return sensor_->wait_for({"process.exec", 0, [=](const Json& e) {
                                      const Json arguments = at(e, "process.command_args");
                                      return at(e, "process.executable.name") == "echo" &&
                                             arguments.size() == 2 && arguments[1] == argument;
                                  }});
    }
};

TEST_F(Attribution, ACertificateNamesThePersonOfASharedAccount) {
    ASSERT_TRUE(exited(0, stage_->ssh_key("bob", kCarolKey, "/bin/echo by-certificate")));
    const auto exec = exec_of("by-certificate");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "bob"},
                              {"whodid.person.id", "carol@corp"},
                              {"whodid.person.basis", "certificate"},
                              {"whodid.person.serial", "7"}}),
              "");
    EXPECT_EQ(at(*exec, "whodid.person.authority").get<std::string>().substr(0, 7), "SHA256:");
}

// Whoever can write an account's authorized_keys can sign whatever they like for it.
TEST_F(Attribution, ACertificateOfTheAccountsOwnAuthorityIsMarkedAsAClaim) {
    ASSERT_TRUE(exited(0, stage_->ssh_key("bob", kMalloryKey, "/bin/echo by-own-certificate")));
    const auto exec = exec_of("by-own-certificate");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "bob"},
                              {"whodid.person.id", "carol@corp"},
                              {"whodid.person.basis", "own_certificate"}}),
              "");
}

TEST_F(Attribution, AKeysCommentNamesThePersonOfASharedAccount) {
    ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, "/bin/echo by-key")));
    const auto exec = exec_of("by-key");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "alice"},
                              {"whodid.person.id", "alice@stage"},
                              {"whodid.person.basis", "key_comment"}}),
              "");
}

TEST_F(Attribution, APasswordNamesTheLoginAlone) {
    ASSERT_TRUE(exited(0, stage_->ssh_password("alice", kAlice.password, "/bin/echo by-password")));
    const auto exec = exec_of("by-password");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"whodid.person.id", "alice"}, {"whodid.person.basis", "login"}}), "");
}

// ---- another login from within the first ------------------------------------------------------------------

TEST_F(Attribution, OfASecondHopIsThePersonOfTheFirst) {
    auto terminal = alice_by_key();
    ASSERT_TRUE(worked(terminal));
    ASSERT_TRUE(worked((*terminal)->ask("ssh bob@127.0.0.1 /bin/echo by-second-hop", "Password: ")));
    ASSERT_TRUE(worked((*terminal)->send(kBob.password)));
    const auto exec = exec_of("by-second-hop");
    ASSERT_TRUE(exec);
    const auto first =
        sensor_->wait_for({"session.start", 0, [](const Json& e) { return at(e, "user.name") == "alice"; }});
    ASSERT_TRUE(first);
    EXPECT_EQ(lacking(*exec, {{"user.name", "bob"},
                              {"whodid.person.id", "alice@stage"},
                              {"whodid.person.basis", "key_comment"},
                              {"whodid.origin.session", at(*first, "session.id")},
                              {"whodid.origin.port", at(*first, "whodid.origin.port")}}),
              "");
    EXPECT_NE(at(*exec, "session.id"), at(*first, "session.id"));
    const Json chain = at(*exec, "whodid.chain");
    ASSERT_GE(chain.size(), 3u) << exec->dump();
    EXPECT_EQ(chain[0].get<std::string>().substr(0, 11), "alice:bash[");
    EXPECT_EQ(chain[1].get<std::string>().substr(0, 4), "ssh[");
    EXPECT_EQ(chain[2].get<std::string>().substr(0, 4), "bob:");
}

}  // namespace
}  // namespace whodid::live
