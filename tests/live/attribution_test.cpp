// SPDX-License-Identifier: Apache-2.0
// Who it was, whatever they did to be somebody else: shared accounts, changes of user, jobs, processes that
// outlive their terminal.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <sstream>

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
};

TEST_F(Attribution, ACertificateNamesThePersonOfASharedAccount) {
    ASSERT_TRUE(exited(0, stage_->ssh_key("bob", kCarolKey, "/bin/echo by-certificate")));
    const auto exec = exec_of_echo("by-certificate");
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
    const auto exec = exec_of_echo("by-own-certificate");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "bob"},
                              {"whodid.person.id", "carol@corp"},
                              {"whodid.person.basis", "own_certificate"}}),
              "");
}

TEST_F(Attribution, AKeysCommentNamesThePersonOfASharedAccount) {
    ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, "/bin/echo by-key")));
    const auto exec = exec_of_echo("by-key");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "alice"},
                              {"whodid.person.id", "alice@stage"},
                              {"whodid.person.basis", "key_comment"}}),
              "");
}

TEST_F(Attribution, APasswordNamesTheLoginAlone) {
    ASSERT_TRUE(exited(0, stage_->ssh_password("alice", kAlice.password, "/bin/echo by-password")));
    const auto exec = exec_of_echo("by-password");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"whodid.person.id", "alice"}, {"whodid.person.basis", "login"}}), "");
}

TEST_F(Attribution, AReplayNamesThePersonToo) {
    char directory[] = "/dev/shm/whodid-test-XXXXXX";
    ASSERT_TRUE(::mkdtemp(directory));
    const std::string file = std::string(directory) + "/recording";
    auto recorder = Child::start(this_world(), {sensor_program(), "record", file, "open"}, {}, Stdio::kPipes);
    ASSERT_TRUE(worked(recorder));
    // It writes what it sees a second later at the latest: from then on it sees.
    const auto until = std::chrono::steady_clock::now() + patient(milliseconds(20'000));
    const auto is_empty = [&] {
        std::error_code none;
        const auto size = std::filesystem::file_size(file, none);
        return none || size == 0;
    };
    while (is_empty() && std::chrono::steady_clock::now() < until)
        ASSERT_TRUE(exited(0, stage_->run({"true"})));
    ASSERT_TRUE(exited(0, stage_->ssh_key("bob", kCarolKey, "/bin/echo recorded-by-certificate")));
    ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, "/bin/echo recorded-by-key")));
    ASSERT_TRUE(exec_of_echo("recorded-by-key"));
    recorder->send_signal(SIGTERM);
    const auto ended = recorder->wait(patient(milliseconds(20'000)));
    ASSERT_TRUE(worked(ended));
    const auto replay = run_in(this_world(), {sensor_program(), "replay", file, "-o", "json", "exec"}, {});
    std::filesystem::remove_all(directory);
    ASSERT_TRUE(exited(0, replay));
    std::map<std::string, Json> persons;  // by echo's argument
    std::istringstream lines(replay->out);
    for (std::string line; std::getline(lines, line);) {
        const Json event = Json::parse(line), arguments = at(event, "process.command_args");
        if (at(event, "process.executable.name") == "echo" && arguments.size() == 2)
            persons[arguments[1]] = at(event, "whodid.person");
    }
    EXPECT_EQ(at(persons["recorded-by-certificate"], "id"), "carol@corp");
    EXPECT_EQ(at(persons["recorded-by-certificate"], "basis"), "certificate");
    EXPECT_EQ(at(persons["recorded-by-key"], "id"), "alice@stage");
    EXPECT_EQ(at(persons["recorded-by-key"], "basis"), "key_comment");
}

// ---- changes of user --------------------------------------------------------------------------------------

struct Change {
    const char *name, *command, *asks, *password, *prompt;
};

const std::vector<Json> kAlicesFacts = {"alice", "alice@stage", "127.0.0.1"};

std::vector<Json> who(const Json& event) {
    return {at(event, "user.name"), at(event, "whodid.person.id"), at(event, "whodid.origin.address")};
}

class AttributionOfRoot : public Attribution, public testing::WithParamInterface<Change> {};

TEST_P(AttributionOfRoot, IsThePersonWhoBecameIt) {
    const Change& change = GetParam();
    const std::string command = change.command, how = command.substr(0, command.find(' ')),
                      program = "/usr/bin/" + how;
    if (::access(program.c_str(), X_OK) != 0) GTEST_SKIP() << "there is no " << program << " here";
    auto terminal = alice_by_key();
    ASSERT_TRUE(worked(terminal));
    ASSERT_TRUE(worked((*terminal)->ask(command, change.asks)));
    ASSERT_TRUE(worked((*terminal)->ask(change.password, change.prompt)));
    ASSERT_TRUE(worked((*terminal)->send(std::string("/bin/echo as-") + change.name)));
    const auto exec = exec_of_echo(std::string("as-") + change.name);
    ASSERT_TRUE(exec);
    EXPECT_EQ(who(*exec), kAlicesFacts) << exec->dump();
    EXPECT_EQ(at(*exec, "process.user.id"), 0);
    EXPECT_EQ(at(*exec, "whodid.chain")[0].get<std::string>().substr(0, 11), "alice:bash[") << exec->dump();
    EXPECT_TRUE(sensor_->wait_for({"identity.change", 0,
                                   [&](const Json& e) {
                                       return who(e) == kAlicesFacts && at(e, "whodid.identity.how") == how &&
                                              at(e, "whodid.identity.to.uid") == 0;
                                   }}))
        << "nobody became root by " << how;
}

INSTANTIATE_TEST_SUITE_P(
    Ways, AttributionOfRoot,
    testing::Values(Change{"Sudo", "sudo bash", "password for alice: ", kAlice.password, "root> "},
                    Change{"SudoI", "sudo -i", "password for alice: ", kAlice.password, "root> "},
                    Change{"SudoSu", "sudo su", "password for alice: ", kAlice.password, "root> "},
                    Change{"Su", "su", "Password: ", kRoot.password, "root> "},
                    Change{"SuDash", "su -", "Password: ", kRoot.password, "root> "},
                    Change{"Doas", "doas bash", "password: ", kAlice.password, "root> "}),
    [](const auto& ways) { return std::string(ways.param.name); });

TEST_F(Attribution, OfRunuserIsThePersonWhoRanIt) {
    auto terminal = alice_by_key();
    ASSERT_TRUE(worked(terminal));
    ASSERT_TRUE(
        worked((*terminal)->ask("sudo runuser -u bob -- /bin/echo as-runuser", "password for alice: ")));
    ASSERT_TRUE(worked((*terminal)->send(kAlice.password)));
    const auto exec = exec_of_echo("as-runuser");
    ASSERT_TRUE(exec);
    EXPECT_EQ(who(*exec), kAlicesFacts) << exec->dump();
    EXPECT_EQ(at(*exec, "process.user.id"), kBob.uid);
}

// ---- another login from within the first ------------------------------------------------------------------

TEST_F(Attribution, OfASecondHopIsThePersonOfTheFirst) {
    auto terminal = alice_by_key();
    ASSERT_TRUE(worked(terminal));
    ASSERT_TRUE(worked((*terminal)->ask("ssh bob@127.0.0.1 /bin/echo by-second-hop", "Password: ")));
    ASSERT_TRUE(worked((*terminal)->send(kBob.password)));
    const auto exec = exec_of_echo("by-second-hop");
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

// ---- what outlives the login ------------------------------------------------------------------------------

class AttributionOfWhatOutlives : public Attribution,
                                  public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(AttributionOfWhatOutlives, IsThePersonWhoStartedIt) {
    const std::string name = GetParam().first, gate = "/tmp/gate-" + name;
    std::string command = GetParam().second;
    const std::string job = "sh -c 'until [ -e " + gate + " ]; do sleep 0.05; done; /bin/echo " + name + "'";
    command.replace(command.find("JOB"), 3, job);
    ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, command)));
    const auto started =
        sensor_->wait_for({"process.exec", 0, [&](const Json& e) {
                               return at(e, "user.name") == "alice" &&
                                      at(e, "process.command_args").dump().find(gate) != std::string::npos;
                           }});
    ASSERT_TRUE(started);
    const auto end = sensor_->wait_for(
        {"session.end", 0, [&](const Json& e) { return at(e, "session.id") == at(*started, "session.id"); }});
    ASSERT_TRUE(end);
    ASSERT_TRUE(exited(0, stage_->run({"touch", gate})));
    const auto exec = exec_of_echo(name);
    ASSERT_TRUE(exec);
    EXPECT_EQ(who(*exec), kAlicesFacts) << exec->dump();
    EXPECT_EQ(at(*exec, "session.id"), at(*end, "session.id"));
}

INSTANTIATE_TEST_SUITE_P(Ways, AttributionOfWhatOutlives,
                         testing::Values(std::pair{"Setsid", "setsid -f JOB >/dev/null 2>&1"},
                                         std::pair{"Nohup", "nohup JOB >/dev/null 2>&1 &"},
                                         std::pair{"DoubleFork", "( ( JOB >/dev/null 2>&1 & ) & )"}),
                         [](const auto& ways) { return std::string(ways.param.first); });

// A tmux server belongs to the login that started it, and so does what others type into it: README, Limits.
TEST_F(Attribution, OfATmuxServerIsThePersonWhoStartedIt) {
    if (::access("/usr/bin/tmux", X_OK) != 0) GTEST_SKIP() << "there is no tmux here";
    ASSERT_TRUE(exited(0, stage_->ssh_key("bob", kCarolKey, "tmux new-session -d -s shared")));
    ASSERT_TRUE(exited(
        0, stage_->ssh_key("bob", kMalloryKey, "tmux send-keys -t shared '/bin/echo into-tmux' Enter")));
    const auto exec = exec_of_echo("into-tmux");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"whodid.person.id", "carol@corp"}, {"whodid.person.basis", "certificate"}}),
              "");
    ASSERT_TRUE(exited(0, stage_->ssh_key("bob", kCarolKey, "tmux kill-server")));
}

}  // namespace
}  // namespace whodid::live
