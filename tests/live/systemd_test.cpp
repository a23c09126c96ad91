// SPDX-License-Identifier: Apache-2.0
// Services of a systemd that somebody asked for: whose they are, and what is told of who asked.
//
// It is PID 1 of namespaces of its own, with no rights over the machine's clock, modules and limits, and with
// the stage's /etc; its /run is its own, for what it does at its start is to forbid logins there.
#include <sys/wait.h>
#include <unistd.h>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

constexpr const char* kSystemd = "/lib/systemd/systemd";

/// Starts it in a cgroup of its own, which /run/cgroup leads to.
constexpr const char* kStart = R"(
mkdir -p /run/cgroup && mount -t cgroup2 none /run/cgroup && mkdir -p /run/cgroup/whodid-stage &&
echo $$ >/run/cgroup/whodid-stage/cgroup.procs &&
exec unshare --pid --fork --kill-child --mount --cgroup --uts --ipc /bin/sh -c '
    mount -t proc proc /proc && mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
    mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs none /run &&
    container=stage exec setpriv --bounding-set -sys_time,-sys_module,-sys_boot,-sys_resource \
        /lib/systemd/systemd --system --unit=stage.target --log-target=null --show-status=no')";

constexpr const char* kUnits = R"(
cd /etc/systemd/system && rm -rf -- *.wants &&
printf '[Unit]\nDefaultDependencies=no\n' >stage.target &&
printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/echo by-service\n' >demo.service)";

class Systemd : public SensorTest {
protected:
    void SetUp() override {
        SensorTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        if (::access(kSystemd, X_OK) != 0) GTEST_SKIP() << "there is no systemd here";
        ASSERT_TRUE(exited(0, shell(kUnits)));
        RunOptions options;
        options.loginuid = kLoginuidUnset;
        auto started = Child::start(stage_->world(), {"/bin/sh", "-c", kStart}, options, Stdio::kPipes);
        ASSERT_TRUE(worked(started));
        outside_.emplace(std::move(*started));
        // Its clients are known to it by their number in its own namespace: they have to be there.
        inside_ = "nsenter -t $(pgrep -P " + std::to_string(outside_->pid()) + ") -p -m ";
        ASSERT_TRUE(comes_true(inside_ + "systemctl is-active stage.target"));
    }
    void TearDown() override {
        if (!outside_) return;
        outside_->send_signal(SIGKILL);
        EXPECT_TRUE(worked(outside_->wait(milliseconds(10'000))));
        EXPECT_TRUE(comes_true("find /run/cgroup/whodid-stage -depth -type d -exec rmdir {} +"));
        EXPECT_TRUE(exited(0, shell("umount /run/cgroup")));
    }
    Result<RunResult> shell(const std::string& command) const {
        return stage_->run({"/bin/sh", "-c", command});
    }
    /// Waits until the command ends with 0 on the stage.
    testing::AssertionResult comes_true(const std::string& command) const {
        const auto until = std::chrono::steady_clock::now() + patient(milliseconds(20'000));
        Result<RunResult> last = shell(command);
        while (last && last->exit_code() != 0 && std::chrono::steady_clock::now() < until)
            last = shell(command);
        return exited(0, last);
    }
    /// alice, root by sudo, asks systemd for it.
    void alice_asks(const std::string& command) {
        auto terminal = stage_->ssh_terminal(kAlice);
        ASSERT_TRUE(worked(terminal));
        ASSERT_TRUE(
            worked((*terminal)->ask("sudo sh -c '" + inside_ + command + "'", "password for alice: ")));
        ASSERT_TRUE(worked((*terminal)->ask(kAlice.password, "alice> ")));
    }
    /// That it was alice is told of the program that asked, and of its connection.
    void expect_the_asking_is_told(const std::string& program) {
        const auto by_program = [&](const Json& e) {
            return at(e, "process.executable.name") == program && at(e, "user.name") == "alice";
        };
        const auto exec = sensor_->wait_for({"process.exec", 0, by_program});
        ASSERT_TRUE(exec);
        EXPECT_EQ(lacking(*exec, {{"process.user.id", 0}, {"whodid.origin.address", "127.0.0.1"}}), "");
        EXPECT_TRUE(sensor_->wait_for({"network.connect", 0, [&](const Json& e) {
                                           return by_program(e) &&
                                                  at(e, "network.peer.address") == "/run/systemd/private";
                                       }}));
    }
    /// The kernel says that nobody has logged in for it, and that is what is said.
    static void expect_nobodys(const Json& event) {
        EXPECT_EQ(lacking(event, {{"user.id", nullptr},
                                  {"user.name", nullptr},
                                  {"session.id", nullptr},
                                  {"whodid.person.id", nullptr},
                                  {"whodid.origin.type", nullptr},
                                  {"whodid.basis.user", "kernel"},
                                  {"process.user.id", 0}}),
                  "");
    }

    std::optional<Child> outside_;  // its parent, on the stage
    std::string inside_;            // what runs a command where it is
};

TEST_F(Systemd, AServiceThatAPersonRestartsIsNobodysAndWhoAskedIsTold) {
    ASSERT_NO_FATAL_FAILURE(alice_asks("systemctl restart demo.service"));
    const auto service = exec_of_echo("by-service");
    ASSERT_TRUE(service);
    expect_nobodys(*service);
    expect_the_asking_is_told("systemctl");
}

TEST_F(Systemd, WhatSystemdRunStartsIsNobodysAndWhoAskedIsTold) {
    ASSERT_NO_FATAL_FAILURE(alice_asks("systemd-run /bin/echo by-systemd-run"));
    const auto started = exec_of_echo("by-systemd-run");
    ASSERT_TRUE(started);
    expect_nobodys(*started);
    expect_the_asking_is_told("systemd-run");
}

}  // namespace
}  // namespace whodid::live
