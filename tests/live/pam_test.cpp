// SPDX-License-Identifier: Apache-2.0
// libpam's functions as a second source of logins: su for real, with audit and as if there were none.
#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class PamUprobes : public testing::Test {
protected:
    static void SetUpTestSuite() { made_ = Sensor::start({"--pam-uprobes"}); }
    static void TearDownTestSuite() { made_ = Error{"not started", 0}; }

    void SetUp() override {
        if (const std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
        if (cannot_be_here(made_)) GTEST_SKIP() << made_.error().message;
        ASSERT_TRUE(worked(made_));
        const auto stage = shared_stage();
        ASSERT_TRUE(worked(stage));
        stage_ = *stage;
        sensor_ = made_->get();
        sensor_->forget();
    }
    /// What was told of attempts by a program and its descendants, until it has ended.
    std::vector<Json> attempts(const std::vector<std::string>& argv) {
        const auto run = stage_->run(argv);
        EXPECT_TRUE(exited(0, run));
        if (!run) return {};
        return sensor_->all_until({"auth.attempt", run->pid, {}}, {"process.exit", run->pid, {}});
    }

    static Result<std::unique_ptr<Sensor>> made_;
    const Stage* stage_ = nullptr;
    Sensor* sensor_ = nullptr;
};

Result<std::unique_ptr<Sensor>> PamUprobes::made_ = Error{"not started", 0};

const std::vector<std::string> kSu = {"/usr/bin/su", kAlice.name, "-s", "/bin/sh", "-c", "true"};

TEST_F(PamUprobes, TellWhatAuditIsNotTold) {
    std::vector<std::string> argv = {std::string(kDeedsDir) + "/without_audit"};
    argv.insert(argv.end(), kSu.begin(), kSu.end());
    const auto told = attempts(argv);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(lacking(told[0], {{"event.outcome", "success"},
                                {"whodid.auth.service", "su"},
                                {"whodid.auth.target_user", kAlice.name},
                                {"whodid.auth.source", "pam_uprobe"}}),
              "");
}

TEST_F(PamUprobes, TellNothingTwice) {
    const auto told = attempts(kSu);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(lacking(told[0], {{"event.outcome", "success"}, {"whodid.auth.source", nullptr}}), "");
}

}  // namespace
}  // namespace whodid::live
