// SPDX-License-Identifier: Apache-2.0
// Jobs that were left to a daemon: whose they are when they run, which login left them, and how that is
// known.
#include <unistd.h>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Job : public SensorTest {
protected:
    /// A daemon of the stage, without a login as a daemon has it.
    Result<Child> start_daemon(const std::vector<std::string>& argv) const {
        RunOptions options;
        options.loginuid = kLoginuidUnset;
        return Child::start(stage_->world(), argv, options, Stdio::kPipes);
    }
    /// Of alice's login by her key that ran this.
    std::optional<Json> exec_by_alice(const std::string& program) {
        return sensor_->wait_for({"process.exec", 0, [=](const Json& e) {
                                      return at(e, "process.executable.name") == program &&
                                             at(e, "user.name") == "alice";
                                  }});
    }
};

// The login uid is set by cron, for whose crontab it is. Who wrote the crontab may be gone for years.
TEST_F(Job, OfCronIsItsCrontabsOwners) {
    if (::access("/usr/sbin/cron", X_OK) != 0) GTEST_SKIP() << "there is no cron here";
    ASSERT_TRUE(
        exited(0, stage_->ssh_key("alice", kAliceKey, "echo '@reboot /bin/echo by-cron' | crontab -")));
    const auto left = exec_by_alice("crontab");
    ASSERT_TRUE(left);
    auto cron = start_daemon({"/usr/sbin/cron", "-f"});
    ASSERT_TRUE(worked(cron));
    const auto exec = exec_of_echo("by-cron");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.id", std::to_string(kAlice.uid)},
                              {"user.name", "alice"},
                              {"process.user.id", kAlice.uid},
                              {"whodid.person.basis", "login"},
                              {"whodid.origin.type", "cron"},
                              {"whodid.origin.address", nullptr},
                              {"whodid.origin.session", nullptr},
                              {"whodid.basis.user", "kernel"},
                              {"whodid.basis.origin", "pam"}}),
              "");
    EXPECT_NE(at(*exec, "session.id"), at(*left, "session.id"));
    const auto of_job = [&](const Json& e) { return at(e, "session.id") == at(*exec, "session.id"); };
    const auto start = sensor_->wait_for({"session.start", 0, of_job});
    ASSERT_TRUE(start);
    EXPECT_EQ(lacking(*start, {{"whodid.auth.service", "cron"}, {"process.executable.name", "cron"}}), "");
    EXPECT_TRUE(sensor_->wait_for({"session.end", 0, of_job}));
}

// The file that at made for the job is the one that atd opens.
TEST_F(Job, OfAtLeadsBackToTheLoginThatLeftIt) {
    if (::access("/usr/sbin/atd", X_OK) != 0) GTEST_SKIP() << "there is no atd here";
    auto atd = start_daemon({"/usr/sbin/atd", "-f"});
    ASSERT_TRUE(worked(atd));
    ASSERT_TRUE(exited(0, stage_->ssh_key("alice", kAliceKey, "echo '/bin/echo by-at' | at now")));
    const auto left = exec_by_alice("at");
    ASSERT_TRUE(left);
    const auto exec = exec_of_echo("by-at");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.id", std::to_string(kAlice.uid)},
                              {"user.name", "alice"},
                              {"process.user.id", kAlice.uid},
                              {"whodid.person.id", "alice@stage"},
                              {"whodid.person.basis", "key_comment"},
                              {"whodid.origin.type", "at"},
                              {"whodid.origin.address", "127.0.0.1"},
                              {"whodid.origin.session", at(*left, "session.id")},
                              {"whodid.basis.user", "kernel"},
                              {"whodid.basis.origin", "pam"}}),
              "");
    EXPECT_NE(at(*exec, "session.id"), at(*left, "session.id"));
    const Json chain = at(*exec, "whodid.chain");
    ASSERT_EQ(chain.size(), 3u) << exec->dump();
    EXPECT_EQ(chain[1], "at[" + at(*left, "process.pid").dump() + "]");
}

// Without a login that left it, as of a job older than the sensor: whose it is, and no more.
TEST_F(Job, OfAtThatNoLoginLeft) {
    if (::access("/usr/sbin/atd", X_OK) != 0) GTEST_SKIP() << "there is no atd here";
    auto atd = start_daemon({"/usr/sbin/atd", "-f"});
    ASSERT_TRUE(worked(atd));
    RunOptions options = as_user(kAlice);
    options.loginuid = kLoginuidUnset;
    ASSERT_TRUE(
        exited(0, stage_->run({"/bin/sh", "-c", "echo '/bin/echo by-nobodys-at' | at now"}, options)));
    const auto exec = exec_of_echo("by-nobodys-at");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"user.name", "alice"},
                              {"whodid.person.basis", "login"},
                              {"whodid.origin.type", "at"},
                              {"whodid.origin.address", nullptr},
                              {"whodid.origin.session", nullptr},
                              {"whodid.basis.origin", "pam"}}),
              "");
}

}  // namespace
}  // namespace whodid::live
