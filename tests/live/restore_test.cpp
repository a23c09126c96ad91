// SPDX-License-Identifier: Apache-2.0
// Sensors that come late or are several: a login from before is told all the same, and no sensor tells of
// another, nor of itself.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Restore : public SensorTest {};

TEST_F(Restore, ALoginFromBeforeTheSensorIsTold) {
    auto terminal = stage_->ssh_terminal(kAlice);
    ASSERT_TRUE(worked(terminal));
    PtySession& alice = **terminal;
    auto started = Sensor::start();
    ASSERT_TRUE(worked(started));
    Sensor& late = **started;

    ASSERT_TRUE(
        worked(alice.ask("/usr/bin/id -u; echo $SSH_CLIENT | cut -d' ' -f2; echo done-$((1+1))", "done-2")));
    const auto by_alice = [](const Json& e) { return at(e, "user.id") == std::to_string(kAlice.uid); };
    const auto id =
        late.wait_for({"process.exec", 0, [&](const Json& e) {
                           return by_alice(e) && at(e, "process.executable.path") == "/usr/bin/id";
                       }});
    ASSERT_TRUE(id);
    EXPECT_EQ(lacking(*id, {{"whodid.origin.type", "ssh"},
                            {"whodid.origin.address", "127.0.0.1"},
                            {"whodid.basis.user", "kernel"},
                            {"whodid.basis.origin", "inferred"},
                            {"whodid.basis.method", "unknown"},
                            {"whodid.origin.method", nullptr}}),
              "");
    const Json session = at(*id, "session.id"), port = at(*id, "whodid.origin.port");
    ASSERT_TRUE(session.is_string());
    EXPECT_NE(alice.transcript().find("\r\n" + port.dump() + "\r\n"), std::string::npos) << port;

    // Her rights rise: the chain starts where her login does.
    ASSERT_TRUE(worked(alice.ask("sudo -i", "password for alice: ")));
    ASSERT_TRUE(worked(alice.ask(kAlice.password, "root> ")));
    ASSERT_TRUE(worked(alice.ask("/usr/bin/id -g; echo done-$((1+2))", "done-3")));
    const auto as_root =
        late.wait_for({"process.exec", 0, [&](const Json& e) {
                           return by_alice(e) && at(e, "process.user.id") == 0 &&
                                  at(e, "process.executable.path") == "/usr/bin/id" &&
                                  at(e, "process.command_args").dump() == R"(["/usr/bin/id","-g"])";
                       }});
    ASSERT_TRUE(as_root);
    EXPECT_EQ(lacking(*as_root, {{"session.id", session},
                                 {"whodid.origin.address", "127.0.0.1"},
                                 {"whodid.basis.origin", "inferred"}}),
              "");
    ASSERT_EQ(at(*as_root, "whodid.chain").size(), 3u) << as_root->dump();

    ASSERT_TRUE(worked(alice.ask("exit", "alice> ")));
    ASSERT_TRUE(worked(alice.send("exit")));
    const auto in_session = [&](const Json& e) { return at(e, "session.id") == session; };
    const auto logout = late.wait_for({"session.end", 0, in_session}, milliseconds(20'000));
    ASSERT_TRUE(logout);
    EXPECT_EQ(lacking(*logout, {{"user.id", std::to_string(kAlice.uid)},
                                {"whodid.origin.address", "127.0.0.1"},
                                {"whodid.basis.origin", "inferred"}}),
              "");
    EXPECT_TRUE(late.all({"session.start", 0, in_session}).empty()) << "it began before";
    const auto said = late.stop();
    ASSERT_TRUE(worked(said));
    EXPECT_EQ(at(ledger_of(*said), "balanced"), true) << *said;
}

class Sensors : public SensorTest {
protected:
    /// Files and connections of a process that a sensor told since the last forget().
    static std::string told_of(Sensor& sensor, pid_t pid) {
        std::string told;
        for (const Json& event : sensor.all({"", pid, {}}))
            if (const std::string kind = at(event, "event.name").get<std::string>();
                kind.starts_with("whodid.file.") || kind.starts_with("whodid.network."))
                told += event.dump() + "\n";
        return told;
    }
};

// traps.md 46: what two sensors write about each other has no end. They open files every second or two.
TEST_F(Sensors, Trap46_SeveralOnOneHostDoNotTellOfEachOther) {
    auto started = Sensor::start();
    ASSERT_TRUE(worked(started));
    Sensor& other = **started;
    std::string told = "not looked at";
    for (int tries = 0; tries < 5 && !told.empty(); ++tries) {  // until they have found each other
        sensor_->forget();
        other.forget();
        std::this_thread::sleep_for(milliseconds(3000));
        const auto mark = stage_->run({"/usr/bin/true"});
        ASSERT_TRUE(exited(0, mark));
        ASSERT_TRUE(sensor_->wait_for({"process.exit", mark->pid, {}}));
        ASSERT_TRUE(other.wait_for({"process.exit", mark->pid, {}}));
        told.clear();
        for (Sensor* sensor : {sensor_, &other})
            for (const pid_t pid : {sensor_->pid(), other.pid()}) told += told_of(*sensor, pid);
    }
    EXPECT_EQ(told, "");
    const auto said = other.stop();
    ASSERT_TRUE(worked(said));
    EXPECT_EQ(at(ledger_of(*said), "balanced"), true) << *said;
}

TEST_F(Sensors, Trap46_AProgramOfThatNameIsSeen) {
    const auto run = stage_->run({"/bin/sh", "-c",
                                  "mkdir -p /run/whodid; : >/run/whodid/$$.pid; cp /bin/cat /tmp/whodid; "
                                  "exec /tmp/whodid /etc/hostname"});
    ASSERT_TRUE(exited(0, run));
    EXPECT_TRUE(sensor_->wait_for({"file.open", run->pid, [](const Json& e) {
                                       return at(e, "process.executable.path") == "/tmp/whodid" &&
                                              at(e, "file.path") == "/etc/hostname";
                                   }}));
}

// traps.md 55: in the /proc of another pid namespace the numbers are other processes'. That must not pass as
// healthy.
TEST_F(Sensors, Trap55_TheWrongProcIsNoticed) {
    const auto checked =
        run_in(this_world(),
               {"unshare", "--pid", "--fork", "--mount-proc", sensor_program(), "check", "-o", "json"}, {});
    if (checked && checked->err.starts_with("unshare:")) GTEST_SKIP() << checked->err;
    ASSERT_TRUE(exited(0, checked));
    const Json report = Json::parse(checked->out);
    std::string processes;
    for (const Json& finding : report["findings"])
        if (finding["what"] == "processes") processes = finding.dump();
    EXPECT_NE(processes.find("\"ok\":false"), std::string::npos) << processes;
    EXPECT_NE(processes.find("pid namespace of its own"), std::string::npos) << processes;
}

// traps.md 57: who holds the kernel's audit socket fights auditd for it, and blocks processes when slow.
TEST_F(Sensors, Trap57_TheAuditSocketIsLeftAlone) {
    namespace fs = std::filesystem;
    std::string sockets;
    std::size_t count = 0;
    for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(sensor_->pid()) + "/fd")) {
        std::error_code gone;
        sockets += fs::read_symlink(fd, gone).string() + " ";
        ++count;
    }
    EXPECT_GT(count, 5u);
    std::ifstream table("/proc/" + std::to_string(sensor_->pid()) + "/net/netlink");
    std::string line;
    std::getline(table, line);  // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    while (std::getline(table, line)) {
        std::istringstream words(line);
        std::vector<std::string> word{std::istream_iterator<std::string>(words), {}};
        ASSERT_EQ(word.size(), 10u) << line;
        constexpr const char* kNetlinkAudit = "9";
        if (word[1] == kNetlinkAudit) {
            EXPECT_EQ(sockets.find("socket:[" + word[9] + "]"), std::string::npos) << line;
        }
    }
}

}  // namespace
}  // namespace whodid::live
