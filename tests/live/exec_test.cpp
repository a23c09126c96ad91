// SPDX-License-Identifier: Apache-2.0
// Programs started, failed to start, forked and ended: the deed for real, and every field of its event.
#include <algorithm>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Exec : public SensorTest {
protected:
    /// Does a way of exec_ways and returns its facts.
    Facts do_way(const std::string& way) {
        const auto facts = stage_->deed("exec_ways", {way, "/tmp"});
        EXPECT_TRUE(worked(facts));
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    std::optional<Json> exec_of(pid_t pid, std::function<bool(const Json&)> where = {}) {
        return sensor_->wait_for({"process.exec", pid, std::move(where)});
    }
};

bool ran_true(const Json& event) { return at(event, "process.executable.path") == "/usr/bin/true"; }

TEST_F(Exec, TellsWhoWhatAndWhere) {
    RunOptions options;
    options.uid = kAlice.uid;
    options.gid = kAlice.gid;
    options.cwd = "/usr";
    const auto run = stage_->run({"/usr/bin/id", "-u"}, options);
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"event.outcome", "success"},
                               {"process.executable.path", "/usr/bin/id"},
                               {"process.executable.name", "id"},
                               {"process.command_args", Json::array({"/usr/bin/id", "-u"})},
                               {"process.args_count", 2},
                               {"process.working_directory", "/usr"},
                               {"process.interactive", false},
                               {"process.parent_pid", ::getpid()},
                               {"process.user.id", kAlice.uid},
                               {"whodid.process.args_bytes", 15}}),
              "");
    EXPECT_TRUE(at(*event, "error.type").is_null());
    EXPECT_EQ(at(*event, "whodid.process.entity_id").get<std::string>().size(), 32u);
}

// traps.md 4: uid and gid come in one number and have been shipped swapped.
TEST_F(Exec, Trap04_UidAndGidAreNotSwapped) {
    RunOptions options;
    options.uid = kAlice.uid;
    options.gid = kAlice.gid;
    const auto run = stage_->run({"/usr/bin/true"}, options);
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.user.id", kAlice.uid}, {"whodid.process.group.id", kAlice.gid}}),
              "");
}

// traps.md 1 and 3: unset is 4294967295 in the kernel, and must become neither 0 nor a session.
TEST_F(Exec, Trap01_UnsetLoginuidIsAbsentNeverZero) {
    RunOptions options;
    options.loginuid = kLoginuidUnset;
    const auto run = stage_->run({"/usr/bin/true"}, options);
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_TRUE(at(*event, "user").is_null()) << event->dump();
    EXPECT_TRUE(at(*event, "session").is_null()) << event->dump();
    EXPECT_EQ(lacking(*event, {{"whodid.basis.user", "kernel"}, {"process.user.id", 0}}), "");
}

TEST_F(Exec, LoginuidIsTheUserWhateverTheRights) {
    RunOptions options;
    options.loginuid = kBob.uid;
    const auto run = stage_->run({"/usr/bin/true"}, options);
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"user.id", std::to_string(kBob.uid)}, {"process.user.id", 0}}), "");
    EXPECT_TRUE(at(*event, "session.id").is_string());
}

// traps.md 19: a non-leader thread takes over the leader's pid.
TEST_F(Exec, Trap19_ByAThreadThatIsNotTheLeader) {
    const auto facts = stage_->deed("thread_exec", {});
    ASSERT_TRUE(worked(facts));
    ASSERT_FALSE(facts->empty());
    const auto event = exec_of(facts->front().pid(), [](const Json& e) {
        return at(e, "process.executable.name") != "thread_exec";
    });
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "event.outcome"), "success");
}

TEST_F(Exec, ByDescriptor) {
    const Facts facts = do_way("execveat_fd");
    const auto event = exec_of(facts.pid(), ran_true);
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.command_args"), Json::array({"true-x", "arg1"}));
}

TEST_F(Exec, ByDirectoryDescriptor) {
    const auto event = exec_of(do_way("execveat_dir").pid(), ran_true);
    ASSERT_TRUE(event);
    EXPECT_TRUE(at(*event, "whodid.process.fileless").is_null());
}

TEST_F(Exec, FromMemory) {
    const auto event = exec_of(do_way("memfd").pid(),
                               [](const Json& e) { return !at(e, "whodid.process.fileless").is_null(); });
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.executable.path", "memfd:evil"}, {"whodid.process.fileless", true}}),
              "");
}

TEST_F(Exec, OfADeletedFile) {
    const auto event = exec_of(do_way("deleted").pid(),
                               [](const Json& e) { return !at(e, "whodid.process.deleted").is_null(); });
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.executable.path"), "/tmp/deleted.bin");
    EXPECT_TRUE(at(*event, "whodid.process.fileless").is_null());
}

TEST_F(Exec, LongArgumentsAreCutAndSaySo) {
    const auto event = exec_of(do_way("big_argv").pid(), [](const Json& e) {
        return !at(e, "whodid.process.args_truncated").is_null();
    });
    ASSERT_TRUE(event);
    EXPECT_GT(at(*event, "whodid.process.args_bytes").get<int>(), 100'000);
    EXPECT_EQ(at(*event, "process.args_count"), 3);
    EXPECT_GT(event->dump().size(), 32'000u);
}

TEST_F(Exec, WithoutArgv) {
    const auto event = exec_of(do_way("null_argv").pid(), ran_true);
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.args_count"), 1);  // the kernel puts an empty string there since 5.18
}

TEST_F(Exec, OfAScriptNamesScriptAndInterpreter) {
    const auto made =
        stage_->run({"/bin/sh", "-c", "printf '#!/bin/sh -e\\nexit 0\\n' >/tmp/s.sh; chmod 755 /tmp/s.sh"});
    ASSERT_TRUE(exited(0, made));
    const auto run = stage_->run({"/tmp/s.sh", "a"});
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.process.script", "/tmp/s.sh"},
                               {"process.command_args", Json::array({"/bin/sh", "-e", "/tmp/s.sh", "a"})}}),
              "");
}

// traps.md 18 and 27: a failed exec is told from the caller's memory, and changes nothing of the process.
TEST_F(Exec, Trap27_FailureTellsWhatWasTriedAndChangesNothing) {
    for (const auto& [way, error] : {std::pair{"fail_eacces", "EACCES"}, {"fail_enoexec", "ENOEXEC"}}) {
        const Facts facts = do_way(way);
        const auto event =
            exec_of(facts.pid(), [](const Json& e) { return at(e, "event.outcome") == "failure"; });
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(lacking(*event, {{"error.type", error},
                                   {"process.executable.name", "exec_ways"},
                                   {"whodid.file.user_supplied", true}}),
                  "");
        EXPECT_TRUE(at(*event, "file.path").is_string());
    }
}

TEST_F(Exec, MissingFileIsOneFailure) {
    const Facts facts = do_way("fail_enoent");
    const auto event = exec_of(facts.pid(), [](const Json& e) { return at(e, "error.type") == "ENOENT"; });
    ASSERT_TRUE(event);
}

TEST_F(Exec, PathSearchIsNoFailure) {
    const Facts facts = do_way("path_search");
    ASSERT_TRUE(exec_of(facts.pid(), ran_true));
    EXPECT_TRUE(sensor_
                    ->all({"process.exec", facts.pid(),
                           [](const Json& e) { return at(e, "event.outcome") == "failure"; }})
                    .empty());
}

TEST_F(Exec, ExitTellsTheSignal) {
    const Facts facts = do_way("segv");
    const auto event = sensor_->wait_for({"process.exit", facts.pid(), {}});
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.process.exit.signal"), "SIGSEGV");
}

// traps.md 26: the leader left with 5, another thread ended the process with 7: once, with what wait(2) says.
TEST_F(Exec, Trap26_ExitOfAThreadedProcessIsOne) {
    const Facts facts = do_way("exit_by_thread");
    const auto event = sensor_->wait_for({"process.exit", facts.pid(), {}});
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.exit.code"), 7);
    EXPECT_EQ(sensor_->all({"process.exit", facts.pid(), {}}).size(), 1u);
}

// traps.md 33: names with newline, ESC and invalid UTF-8 leave valid JSON and the exact bytes.
TEST_F(Exec, Trap33_HostileArgumentsStayReversible) {
    const auto run = stage_->run({"/usr/bin/true", "a\nb\x1b[31m", "\xff\xfe"});
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.command_args")[1], "a\nb\x1b[31m");
    EXPECT_EQ(at(*event, "process.command_args_b64")[2], "//4=");
}

TEST_F(Exec, SecretsAreMasked) {
    const auto run = stage_->run({"/usr/bin/true", "--password=hunter2", "https://u:pw@h/"});
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid);
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.command_args"),
              Json::array({"/usr/bin/true", "--password=****", "https://u:****@h/"}));
    EXPECT_EQ(at(*event, "whodid.process.masked"), true);
    EXPECT_EQ(event->dump().find("hunter2"), std::string::npos);
}

// traps.md 23: a child whose parent is gone has pid 1 above it; its entity's parent is still the one it had.
TEST_F(Exec, Trap23_DoubleForkKeepsItsChain) {
    const Facts facts = do_way("double_fork");
    const auto fork = sensor_->wait_for({"process.fork", facts.pid(), {}});
    ASSERT_TRUE(fork);
    EXPECT_TRUE(at(*fork, "whodid.process.parent_entity_id").is_string());
}

// traps.md 46: the sensor's own files are no events, and no name or number borrows its blind spot.
TEST_F(Exec, Trap46_OwnActivityDoesNotFeedBack) {
    const auto run = stage_->run({"/usr/bin/true"});
    ASSERT_TRUE(exited(0, run));
    ASSERT_TRUE(exec_of(run->pid));
    EXPECT_TRUE(sensor_->all({"file.open", sensor_->pid(), {}}).empty());
}

}  // namespace
}  // namespace whodid::live
