// SPDX-License-Identifier: Apache-2.0
// Programs started, failed to start, forked and ended: the deed for real, and every field of its event.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

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

/// Where this process is in the unified hierarchy and in that of the pids controller, as directories.
std::vector<std::string> cgroup_hierarchies() {
    std::vector<std::string> found;
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {  // number:controllers:path
        const std::size_t path = line.find(':', line.find(':') + 1) + 1;
        const bool unified = line.starts_with("0::");
        if (!unified && line.find(":pids:") == std::string::npos) continue;
        for (const std::string& top :
             unified ? std::vector<std::string>{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}
                     : std::vector<std::string>{"/sys/fs/cgroup/pids"}) {
            const std::string at = top + (line.substr(path) == "/" ? "" : line.substr(path));
            if (std::filesystem::exists(at + "/cgroup.procs")) found.push_back(at);
        }
    }
    return found;
}

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

// traps.md 7: what cron, at, containers or PID 1 start on behalf of somebody has no login. Its rights are
// somebody's, and that makes nobody its user.
TEST_F(Exec, Trap07_WorkWithoutALoginHasNoUser) {
    RunOptions options = as_user(kAlice);
    options.loginuid = kLoginuidUnset;
    const auto run = stage_->run({"/bin/sh", "-c", "/usr/bin/id -u; :"}, options);
    ASSERT_TRUE(exited(0, run));
    for (const char* program : {"sh", "id"}) {
        const auto event = sensor_->wait_for({"process.exec", 0, [&](const Json& e) {
                                                  return at(e, program == std::string("sh")
                                                                   ? "process.pid"
                                                                   : "process.parent_pid") == run->pid;
                                              }});
        ASSERT_TRUE(event) << program;
        EXPECT_EQ(lacking(*event, {{"whodid.basis.user", "kernel"},
                                   {"process.user.id", kAlice.uid},
                                   {"user", nullptr},
                                   {"session", nullptr},
                                   {"whodid.origin", nullptr},
                                   {"whodid.chain", nullptr}}),
                  "");
    }
}

// traps.md 16: number 0 is a terminal of every driver.
TEST_F(Exec, Trap16_ATerminalHasItsDriversName) {
    RunOptions options;
    options.answers = {{"ready> ", "go"}};
    const auto run = stage_->run(
        {"/bin/sh", "-c", "echo -n 'ready> ' >&2; read go; readlink /proc/self/fd/0; exec /usr/bin/true"},
        options);
    ASSERT_TRUE(exited(0, run));
    const auto event = exec_of(run->pid, ran_true);
    ASSERT_TRUE(event);
    const std::string prefix = "/dev/pts/";
    ASSERT_TRUE(run->out.starts_with(prefix)) << run->out;
    const std::string number = run->out.substr(prefix.size(), run->out.size() - prefix.size() - 1);
    EXPECT_EQ(lacking(*event, {{"process.interactive", true}, {"whodid.process.tty", "pts" + number}}), "");
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

// traps.md 20: a successful execveat leaves by the exit of execve, of neither, or of both.
TEST_F(Exec, Trap20_ByDescriptorIsOneExec) {
    const Facts facts = do_way("execveat_fd");
    const auto event = exec_of(facts.pid(), ran_true);
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "process.command_args"), Json::array({"true-x", "arg1"}));
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    EXPECT_EQ(sensor_->all({"process.exec", facts.pid(), {}}).size(), 1u);
}

// traps.md 22: argv[0] is whatever the caller says, and the program may write over all of it at once.
TEST_F(Exec, Trap22_ArgumentsAreThoseOfTheExec) {
    const auto event = exec_of(do_way("rewrite").pid(),
                               [](const Json& e) { return at(e, "process.command_args").size() == 3; });
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.command_args", Json::array({"innocent", "--rewrite", "as-it-was"})},
                               {"process.executable.name", "exec_ways"},
                               {"process.executable.path", std::string(kDeedsDir) + "/exec_ways"}}),
              "");
}

// traps.md 17: a page of the arguments is absent when the call begins.
TEST_F(Exec, Trap17_ArgumentsInAnAbsentPageAreRead) {
    const Json all = Json::array({"true", "from-an-absent-page", "last"});
    const auto event = exec_of(do_way("cold_argv").pid(), ran_true);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.command_args", all}, {"process.args_count", 3}}), "");
    EXPECT_TRUE(at(*event, "whodid.process.args_truncated").is_null());
    const auto failed =
        exec_of(do_way("fail_cold").pid(), [](const Json& e) { return at(e, "error.type") == "ENOEXEC"; });
    ASSERT_TRUE(failed);
    EXPECT_EQ(at(*failed, "process.command_args"), all);
}

// A kernel that looks for the file first (6.8 and later) leaves the page absent: then it is said.
TEST_F(Exec, Trap17_WhatCouldNotBeReadIsSaid) {
    const auto event = exec_of(do_way("fail_cold_enoent").pid(),
                               [](const Json& e) { return at(e, "error.type") == "ENOENT"; });
    ASSERT_TRUE(event);
    const bool cut = at(*event, "whodid.process.args_truncated") == true;
    const Json args = at(*event, "process.command_args");
    EXPECT_EQ(args, cut ? Json::array({"true"}) : Json::array({"true", "from-an-absent-page", "last"}));
    EXPECT_EQ(at(*event, "process.args_count"), args.size());
}

// traps.md 18: an empty argument has cut off the rest.
TEST_F(Exec, Trap18_AnEmptyArgumentOfAFailureIsOne) {
    const auto event = exec_of(do_way("fail_empty").pid(),
                               [](const Json& e) { return at(e, "event.outcome") == "failure"; });
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.command_args", Json::array({"true-x", "", "z"})},
                               {"process.args_count", 3}}),
              "");
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
    const auto parent =
        sensor_->wait_for({"process.fork", static_cast<pid_t>(facts.number("first_parent")), {}});
    ASSERT_TRUE(parent);
    const Json entity = at(*parent, "whodid.process.entity_id");
    const auto fork = sensor_->wait_for({"process.fork", facts.pid(), {}});
    ASSERT_TRUE(fork);
    EXPECT_EQ(at(*fork, "whodid.process.parent_entity_id"), entity);
    const auto exec = exec_of(facts.pid(), ran_true);
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"process.parent_pid", facts.number("second_parent")},
                              {"whodid.process.parent_entity_id", entity}}),
              "");
}

// traps.md 21 and 41: in a burst a child has its parent from the start, and comes after it.
TEST_F(Exec, Trap21_ABurstKeepsParentsAndOrder) {
    const auto facts = stage_->deed("flood", {"0", "200", "2"});
    ASSERT_TRUE(worked(facts));
    const Facts& done = facts->front();
    ASSERT_TRUE(sensor_->wait_for({"process.exit", done.pid(), {}}));
    const auto of_the_burst = [&](const Json& e) {
        return at(e, "process.parent_pid") == done.number("first_pid") ||
               at(e, "process.parent_pid") == done.number("last_pid");
    };
    const auto forks = sensor_->all({"process.fork", 0, of_the_burst});
    const auto execs = sensor_->all({"process.exec", 0, of_the_burst});
    EXPECT_EQ(forks.size(), 200u);
    EXPECT_EQ(execs.size(), 200u);
    std::map<Json, std::int64_t> born;  // by entity
    for (const Json& fork : forks)
        born[at(fork, "whodid.process.entity_id")] = at(fork, "whodid.seq").get<std::int64_t>();
    for (const Json& exec : execs) {
        const auto fork = born.find(at(exec, "whodid.process.entity_id"));
        ASSERT_NE(fork, born.end()) << exec.dump();
        EXPECT_LT(fork->second, at(exec, "whodid.seq").get<std::int64_t>());
    }
    for (const auto& events : {forks, execs})
        EXPECT_TRUE(std::ranges::is_sorted(events, {}, [](const Json& e) { return at(e, "time"); }));
}

// traps.md 52 and 53: which container a process is in is known of one that lives no longer than a moment, in
// whatever hierarchy.
TEST_F(Exec, Trap53_TheContainerOfAShortLife) {
    const std::string pid = std::to_string(::getpid());
    const std::string id = std::string(64 - pid.size(), 'c') + pid;
    // In a chroot the host's path of it, which is the one told, is longer.
    const auto ran_ours = [](const Json& event) {
        return at(event, "process.executable.path").get<std::string>().ends_with("/usr/bin/true");
    };
    const auto hierarchies = cgroup_hierarchies();
    if (hierarchies.empty()) GTEST_SKIP() << "no cgroup hierarchy is mounted";
    for (const std::string& top : hierarchies) {
        const std::string group = top + "/docker-" + id + ".scope";
        if (::mkdir(group.c_str(), 0755) < 0) GTEST_SKIP() << "cannot make " << group;
        const auto run =
            run_in(this_world(), {"/bin/sh", "-c", "echo $$ >$0/cgroup.procs && exec true", group}, {});
        // Its process may have to be reaped first.
        for (int tries = 0; ::rmdir(group.c_str()) < 0 && errno == EBUSY && tries < 100; ++tries)
            ::usleep(20'000);
        ASSERT_TRUE(exited(0, run));
        const auto event = exec_of(run->pid, ran_ours);
        ASSERT_TRUE(event) << group;
        EXPECT_EQ(lacking(*event, {{"container.id", id}, {"container.runtime.name", "docker"}}), "") << group;
    }
}

}  // namespace
}  // namespace whodid::live
