// SPDX-License-Identifier: Apache-2.0
// Ways that have slipped past sensors, or had them name somebody else: each done for real, and what is told
// of it. What is not told is tested as well, and stands under Limits in README.md. Others are with their
// kind: open_by_handle_at, bind mounts and a chroot in file_test, memfd, deleted programs and scripts in
// exec_test, ptrace and writes into other memory in hold_test, 32-bit calls in compat_test.
#include <algorithm>
#include <string>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

constexpr const char* kDirectory = "/tmp/ways";

class Way : public SensorTest {
protected:
    void SetUp() override {
        SensorTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        ASSERT_TRUE(exited(0, shell(std::string("rm -rf ") + kDirectory + "; mkdir -m 777 " + kDirectory)));
    }
    /// As alice's login, with these rights.
    static RunOptions alice_as(const User& user) {
        RunOptions options = as_user(user);
        options.loginuid = kAlice.uid;
        return options;
    }
    Result<RunResult> shell(const std::string& command, const RunOptions& options = as_user(kRoot)) {
        return stage_->run({"/bin/sh", "-c", command}, options);
    }
    std::vector<Facts> do_way(const std::string& way, const RunOptions& options = alice_as(kRoot)) {
        const auto facts = stage_->deed("hiding_ways", {way, kDirectory}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts ? *facts : std::vector<Facts>{};
    }
    std::optional<Json> exec_of(pid_t pid, const std::string& path) {
        return sensor_->wait_for({"process.exec", pid, [path](const Json& e) {
                                      return at(e, "process.executable.path") == path;
                                  }});
    }
    /// All of a process that has ended.
    std::vector<Json> all_of(const std::string& kind, pid_t pid) {
        EXPECT_TRUE(sensor_->wait_for({"process.exit", pid, {}})) << pid;
        return sensor_->all({kind, pid, {}});
    }
    /// Only the session that alice_as() made is there, which no login program speaks for.
    void expect_no_login_by(pid_t pid) {
        EXPECT_TRUE(all_of("auth.attempt", pid).empty());
        for (const Json& start : all_of("session.start", pid)) {
            EXPECT_EQ(lacking(start, {{"whodid.basis.origin", "inferred"},
                                      {"whodid.origin.type", "local"},
                                      {"whodid.origin.address", nullptr}}),
                      "");
        }
    }
    /// Events of the same process as this one's.
    static std::function<bool(const Json&)> of_process(const Json& event) {
        const Json entity = at(event, "whodid.process.entity_id");
        return [entity](const Json& e) { return at(e, "whodid.process.entity_id") == entity; };
    }
    static std::function<bool(const Json&)> of_file(const std::string& path) {
        return [path](const Json& e) { return at(e, "file.path") == path; };
    }
};

const std::string kAlices = std::to_string(kAlice.uid);

// ---- other ways into the kernel -------------------------------------------------------------------------

// The x32 numbers do what theirs do where the kernel was booted to take them (syscall.x32), and nothing
// elsewhere. They have no tracepoints, but the same functions.
TEST_F(Way, X32Calls) {
    const auto facts = do_way("x32");
    ASSERT_EQ(facts.size(), 1u);
    const auto opens = all_of("file.create", facts[0].pid());
    if (facts[0].result() == -ENOSYS) {
        EXPECT_EQ(facts[0].number("exists"), 0);
        EXPECT_TRUE(opens.empty());
        return;
    }
    if (sensor_->about().find("tracepoint backend") != std::string::npos) {
        EXPECT_TRUE(opens.empty());
        return;
    }
    ASSERT_EQ(opens.size(), 1u);
    EXPECT_EQ(lacking(opens[0], {{"file.path", facts[0].text("path")}, {"user.id", kAlices}}), "");
}

struct RingWay {
    const char* name;
    const char* kind;
};
class WayByIoUring : public Way, public testing::WithParamInterface<RingWay> {};

// In the caller, in a worker thread, in a kernel thread that polls: it is always the caller's act.
TEST_P(WayByIoUring, IsTheCallers) {
    const auto facts = stage_->deed("uring_ways", {GetParam().name, kDirectory}, alice_as(kBob));
    if (!facts && facts.error().message.find("io_uring_setup") != std::string::npos)
        GTEST_SKIP() << "no io_uring here: " << facts.error().message;
    ASSERT_TRUE(worked(facts));
    const Facts& done = facts->front();
    ASSERT_GE(done.result(), 0);
    const std::string kind = GetParam().kind;
    const bool is_file = kind.starts_with("file.");
    const auto event = sensor_->wait_for(
        {kind, done.pid(), is_file ? of_file(done.text("path")) : std::function<bool(const Json&)>{}});
    ASSERT_TRUE(event) << "no " << kind << " by " << done.pid();
    EXPECT_EQ(lacking(*event, {{"event.outcome", "success"},
                               {"user.id", kAlices},
                               {"process.user.id", kBob.uid},
                               {"process.executable.name", "uring_ways"},
                               {"whodid.via", is_file ? Json("io_uring") : Json()}}),
              "");
    if (kind == "file.rename") {
        EXPECT_EQ(at(*event, "whodid.file.target_path"), done.text("to"));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, WayByIoUring,
    testing::Values(RingWay{"openat", "file.open"}, RingWay{"openat_async", "file.open"},
                    RingWay{"openat_sqpoll", "file.open"}, RingWay{"unlinkat", "file.unlink"},
                    RingWay{"unlinkat_async", "file.unlink"}, RingWay{"unlinkat_sqpoll", "file.unlink"},
                    RingWay{"renameat", "file.rename"}, RingWay{"renameat_async", "file.rename"},
                    RingWay{"renameat_sqpoll", "file.rename"}, RingWay{"connect", "network.connect"},
                    RingWay{"connect_async", "network.connect"},
                    RingWay{"connect_sqpoll", "network.connect"}),
    [](const auto& way) { return std::string(way.param.name); });

// Rights that a ring kept are not told, the person is.
TEST_F(Way, IoUringWithRightsGivenUp) {
    const auto facts = stage_->deed("uring_ways", {"personality", kDirectory}, alice_as(kRoot));
    if (!facts && facts.error().message.find("io_uring_setup") != std::string::npos)
        GTEST_SKIP() << "no io_uring here: " << facts.error().message;
    ASSERT_TRUE(worked(facts));
    ASSERT_GE(facts->front().result(), 0);
    const auto event = sensor_->wait_for({"file.open", facts->front().pid(), of_file("/etc/shadow")});
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"event.outcome", "success"},
                               {"user.id", kAlices},
                               {"process.user.id", facts->front().number("uid")},
                               {"whodid.via", "io_uring"}}),
              "");
}

class WayToSendByIoUring : public Way, public testing::WithParamInterface<const char*> {
protected:
    /// The fact that the deed tells, or why there is none.
    Result<Facts> send(const std::string& way) {
        const auto facts = stage_->deed("uring_ways", {way, kDirectory}, alice_as(kBob));
        if (!facts) return facts.error();
        return facts->front();
    }
    /// A kernel that is older than the operation refuses it; older than 6.0 it tells nothing of a request.
    static bool is_missing(const Result<Facts>& sent) {
        return sent ? sent->result() == -EINVAL
                    : sent.error().message.find("io_uring_setup") != std::string::npos;
    }
};

TEST_P(WayToSendByIoUring, IsTheCallersDatagram) {
    const auto sent = send(GetParam());
    if (is_missing(sent)) GTEST_SKIP() << "this kernel does not send so";
    ASSERT_TRUE(worked(sent));
    ASSERT_EQ(sent->result(), 8);
    const auto event = sensor_->wait_for({"network.send", sent->pid(), {}});
    ASSERT_TRUE(event);
    const bool is_silent = std::string(GetParam()) == "send_silent";  // nothing tells how it went
    EXPECT_EQ(lacking(*event, {{"event.outcome", is_silent ? "unknown" : "success"},
                               {"network.peer.address", "127.0.0.1"},
                               {"network.peer.port", 9},
                               {"network.transport", "udp"},
                               {"user.id", kAlices},
                               {"process.user.id", kBob.uid},
                               {"whodid.via", "io_uring"}}),
              "");
    EXPECT_EQ(all_of("network.send", sent->pid()).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Ways, WayToSendByIoUring,
                         testing::Values("send", "send_silent", "send_async", "send_sqpoll", "sendmsg",
                                         "sendmsg_async", "sendmsg_sqpoll"),
                         [](const auto& way) { return std::string(way.param); });

TEST_F(WayToSendByIoUring, ANameAskedForIsTold) {
    const auto sent = send("ask");
    if (is_missing(sent)) GTEST_SKIP() << "this kernel does not send so";
    ASSERT_TRUE(worked(sent));
    const auto event = sensor_->wait_for({"network.dns", sent->pid(), {}});
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"dns.question.name", "secret.example"},
                               {"network.peer.port", 53},
                               {"user.id", kAlices},
                               {"whodid.via", "io_uring"}}),
              "");
}

// ---- names ----------------------------------------------------------------------------------------------

// Whatever the name says by the time somebody looks, what is told is what ran: one of the two programs fails.
TEST_F(Way, AnotherThreadRewritesThePathOfAnExec) {
    const auto facts = do_way("exec_race");
    ASSERT_EQ(facts.size(), 40u);
    for (const Facts& ran : facts) {
        const auto exit = sensor_->wait_for({"process.exit", ran.pid(), {}});
        ASSERT_TRUE(exit);
        EXPECT_EQ(lacking(*exit, {{"process.executable.path", ran.text("path")},
                                  {"process.exit.code", ran.number("exit")},
                                  {"user.id", kAlices}}),
                  "");
        const auto execs = sensor_->all({"process.exec", ran.pid(), {}});
        ASSERT_EQ(execs.size(), 1u);
        EXPECT_EQ(at(execs[0], "process.executable.path"), ran.text("path"));
    }
}

// Where only the process' own words can be had, they say so.
TEST_F(Way, AnotherThreadRewritesThePathOfAnUnlink) {
    const auto facts = do_way("unlink_race");
    ASSERT_EQ(facts.size(), 40u);
    const auto unlinks = all_of("file.unlink", facts[0].pid());
    ASSERT_EQ(unlinks.size(), 2 * facts.size());
    for (std::size_t i = 0; i < facts.size(); ++i) {
        const Json& raced = unlinks[2 * i];
        if (at(raced, "whodid.file.user_supplied") == true) continue;
        EXPECT_EQ(
            lacking(raced, {{"file.path", facts[i].text("path")}, {"file.inode", facts[i].text("inode")}}),
            "");
    }
}

// A script that is handed to its interpreter is only read.
TEST_F(Way, AScriptAsAnArgumentOfItsInterpreter) {
    const std::string script = std::string(kDirectory) + "/script";
    ASSERT_TRUE(exited(0, shell("echo : >" + script)));
    const auto ran = stage_->run({"/bin/sh", script}, alice_as(kBob));
    ASSERT_TRUE(exited(0, ran));
    const auto open = sensor_->wait_for({"file.open", ran->pid, of_file(script)});
    ASSERT_TRUE(open);
    EXPECT_EQ(
        lacking(*open, {{"user.id", kAlices}, {"whodid.file.access", "r"}, {"event.outcome", "success"}}),
        "");
    const auto exec = sensor_->wait_for({"process.exec", ran->pid, {}});
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"whodid.process.script", nullptr},
                              {"process.command_args", Json::array({"/bin/sh", script})}}),
              "");
}

TEST_F(Way, AProgramInAChroot) {
    const auto facts = do_way("chroot_exec");
    ASSERT_EQ(facts.size(), 1u);
    const auto exec = exec_of(facts[0].pid(), facts[0].text("path"));
    ASSERT_TRUE(exec) << "no exec of " << facts[0].text("path");
    EXPECT_EQ(lacking(*exec, {{"user.id", kAlices}, {"event.outcome", "success"}}), "");
}

// The name that a mount gave it is the one it has; what was mounted there is told by the mount.
TEST_F(Way, AProgramMountedOverAnother) {
    const auto facts = do_way("mounted_over");
    ASSERT_EQ(facts.size(), 1u);
    ASSERT_TRUE(exec_of(facts[0].pid(), facts[0].text("path")));
    EXPECT_TRUE(sensor_->wait_for({"file.mount", 0, [&](const Json& e) {
                                       return at(e, "file.path") == facts[0].text("path") &&
                                              at(e, "user.id") == kAlices &&
                                              e.dump().find(facts[0].text("source")) != std::string::npos;
                                   }}));
}

// In a container: what came with the image, and what was written there since.
TEST_F(Way, AProgramDroppedIntoAContainer) {
    const auto facts = do_way("overlay");
    ASSERT_EQ(facts.size(), 2u);
    for (const Facts& ran : facts) {
        const auto exec = exec_of(ran.pid(), ran.text("path"));
        ASSERT_TRUE(exec) << ran.text("path");
        EXPECT_EQ(at(*exec, "whodid.process.upper_layer"), ran.number("upper") ? Json(true) : Json());
    }
}

// ---- who ------------------------------------------------------------------------------------------------

// traps.md 24: a number is not a process.
TEST_F(Way, APidUsedAgain) {
    const auto facts = do_way("pid_reuse");
    ASSERT_EQ(facts.size(), 2u);
    ASSERT_EQ(facts[0].pid(), facts[1].pid());
    const auto before = exec_of(facts[0].pid(), facts[0].text("path"));
    const auto after = exec_of(facts[1].pid(), facts[1].text("path"));
    ASSERT_TRUE(before && after);
    EXPECT_NE(at(*before, "whodid.process.entity_id"), at(*after, "whodid.process.entity_id"));
    EXPECT_EQ(at(*before, "whodid.process.parent_entity_id"), at(*after, "whodid.process.parent_entity_id"));
    const auto exits = sensor_->all_until({"process.exit", facts[0].pid(), {}},
                                          {"process.exit", facts[0].pid(), of_process(*after)});
    ASSERT_EQ(exits.size(), 2u);
    EXPECT_EQ(at(exits[0], "whodid.process.entity_id"), at(*before, "whodid.process.entity_id"));
}

// Out of the terminal's session and away from the parents: it stays the login's.
TEST_F(Way, SetsidAndNohup) {
    const auto ran = stage_->run(
        {"setsid", "--fork", "--wait", "nohup", std::string(kDeedsDir) + "/daemonize"}, alice_as(kBob));
    ASSERT_TRUE(exited(0, ran));
    const auto facts = parse_facts(ran->out);
    ASSERT_EQ(facts.size(), 1u) << ran->to_string();
    const auto open = sensor_->wait_for({"file.open", facts[0].pid(), of_file("/etc/hostname")});
    ASSERT_TRUE(open);
    const auto exec = sensor_->wait_for({"process.exec", static_cast<pid_t>(facts[0].number("starter")), {}});
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*open, {{"user.id", kAlices},
                              {"session.id", at(*exec, "session.id")},
                              {"process.user.id", kBob.uid}}),
              "");
}

// ---- logins that are none -------------------------------------------------------------------------------

// In namespaces of one's own everybody is root, and may put a program where sshd is.
TEST_F(Way, AForgedLoginFromOnesOwnNamespaces) {
    const std::string forge = std::string(kDeedsDir) + "/forge_audit";
    const auto ran = stage_->run({"unshare", "-Urm", "/bin/sh", "-c",
                                  "mount --bind " + forge + " /usr/sbin/sshd && exec /usr/sbin/sshd"},
                                 alice_as(kAlice));
    ASSERT_TRUE(worked(ran));
    if (ran->err.starts_with("unshare:")) GTEST_SKIP() << ran->err;
    ASSERT_TRUE(exited(0, ran));
    const auto facts = parse_facts(ran->out);
    ASSERT_EQ(facts.size(), 1u) << ran->to_string();
    const auto tamper = sensor_->wait_for({"sensor.tamper", facts[0].pid(), {}});
    ASSERT_TRUE(tamper);
    EXPECT_EQ(lacking(*tamper, {{"user.id", kAlices}}), "");
    expect_no_login_by(facts[0].pid());
}

// Root has the right to speak to audit; what counts is whose file the program is.
TEST_F(Way, AForgedLoginFromAMountNamespace) {
    const std::string forge = std::string(kDeedsDir) + "/forge_audit";
    const auto ran = stage_->run({"unshare", "-m", "/bin/sh", "-c",
                                  "mount --bind " + forge + " /usr/sbin/sshd && exec /usr/sbin/sshd"},
                                 alice_as(kRoot));
    ASSERT_TRUE(exited(0, ran));
    const auto facts = parse_facts(ran->out);
    ASSERT_EQ(facts.size(), 1u) << ran->to_string();
    ASSERT_GT(facts[0].result(), 0);
    ASSERT_TRUE(sensor_->wait_for({"sensor.tamper", facts[0].pid(), {}}));
    expect_no_login_by(facts[0].pid());
}

// A login program with a libpam of one's own says to audit what the other would: no library is watched.
TEST_F(Way, APrivateCopyOfLibpam) {
    const std::string library = std::string(kDirectory) + "/libpam.so.0";
    ASSERT_TRUE(exited(0, shell("cp /lib/*/libpam.so.0 " + library)));
    RunOptions options = alice_as(kRoot);
    options.env.push_back(std::string("LD_LIBRARY_PATH=") + kDirectory);
    const auto ran = stage_->run({"/usr/bin/su", "bob", "-c", "true"}, options);
    ASSERT_TRUE(exited(0, ran));
    EXPECT_TRUE(sensor_->wait_for({"file.open", ran->pid, of_file(library)}));
    const auto attempt = sensor_->wait_for({"auth.attempt", ran->pid, {}});
    ASSERT_TRUE(attempt);
    EXPECT_EQ(lacking(*attempt, {{"event.outcome", "success"},
                                 {"whodid.auth.service", "su"},
                                 {"whodid.auth.target_user", "bob"},
                                 {"user.id", kAlices}}),
              "");
}

// A copy of the program itself is nobody whose word counts.
TEST_F(Way, APrivateCopyOfALoginProgram) {
    const std::string copy = std::string(kDirectory) + "/su";
    ASSERT_TRUE(exited(0, shell("cp /usr/bin/su " + copy)));
    const auto ran = stage_->run({copy, "bob", "-c", "true"}, alice_as(kRoot));
    ASSERT_TRUE(exited(0, ran));
    ASSERT_TRUE(sensor_->wait_for({"sensor.tamper", ran->pid, {}}));
    expect_no_login_by(ran->pid);
}

// ---- libraries slipped into a program ---------------------------------------------------------------------

TEST_F(Way, LdPreloadAndItsKin) {
    RunOptions options = alice_as(kBob);
    options.env = {"LD_AUDIT=/nowhere/audit.so", "LD_LIBRARY_PATH=/nowhere", "LD_PRELOAD=/nowhere/in.so",
                   "LD_DEBUG_OUTPUT=/nowhere/not-told"};
    const auto ran = stage_->run({"/usr/bin/true"}, options);
    ASSERT_TRUE(exited(0, ran));
    const auto exec = sensor_->wait_for({"process.exec", ran->pid, {}});
    ASSERT_TRUE(exec);
    EXPECT_EQ(at(*exec, "user.id"), kAlices);
    const Json told = at(*exec, "whodid.process.environment");
    ASSERT_EQ(told.size(), 3u) << told.dump();
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_NE(std::ranges::find(told, Json(options.env[i])), told.end()) << options.env[i];
}

TEST_F(Way, LdPreloadBehindOtherVariables) {
    for (const auto& [others, seen] : {std::pair{450, true}, {600, false}}) {
        std::string command = "exec env -i";
        for (int i = 0; i < others; ++i) command += " V" + std::to_string(i) + "=";
        const auto ran = shell(command + " LD_PRELOAD=/nowhere/in.so /usr/bin/true");
        ASSERT_TRUE(exited(0, ran));
        const auto exec = exec_of(ran->pid, "/usr/bin/true");
        ASSERT_TRUE(exec);
        EXPECT_EQ(at(*exec, "whodid.process.environment"),
                  seen ? Json::array({"LD_PRELOAD=/nowhere/in.so"}) : Json())
            << others;
    }
}

}  // namespace
}  // namespace whodid::live
