// SPDX-License-Identifier: Apache-2.0
#include "app/policy_line.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

namespace whodid {
namespace {

/// A kernel side of which nothing is asked but who is guarded.
class FakeSide : public KernelSide {
public:
    KernelDescriptors descriptors() const override { return {}; }
    const std::vector<Hook>& hooks() const override { return hooks_; }
    Result<void> read_counters(Ledger&) override { return {}; }
    Result<void> put(const rec_policy& policy) override {
        if (refuses) return Error{"no", EPERM};
        guarded.clear();
        for (const rec_guard& guard : policy.guards)
            if (guard.tgid != 0) guarded.push_back(guard);
        gate = policy.gate;
        ++policies;
        return {};
    }
    std::uint32_t policy_map() const override { return policies; }
    std::span<rec_fold> folds() const override { return {}; }
    void let_pass(std::uint32_t) override {}
    void will_sleep() override {}
    Result<void> stop() override { return {}; }

    bool refuses = false;
    std::vector<rec_guard> guarded;
    rec_gate gate{};
    std::uint32_t policies = 100;

private:
    std::vector<Hook> hooks_;
};

struct Line : testing::Test {
    Line() {
        auto made = PolicyLine::make();
        EXPECT_TRUE(made);
        answers = std::move(made->answers);
        worker = std::make_unique<LeasedSide>(unused, std::move(made->asks));
    }
    /// Answers `times` requests beside.
    std::thread supervise(int times = 1) {
        return std::thread([this, times] {
            for (int i = 0; i < times; ++i) {
                pollfd p{answers.get(), POLLIN, 0};
                if (::poll(&p, 1, 10'000) == 1) answer_request(answers.get(), side);
            }
        });
    }
    FakeSide unused, side;
    Fd answers;
    std::unique_ptr<LeasedSide> worker;
};

TEST_F(Line, TheSupervisorPutsWhatTheWorkerAsksFor) {
    std::thread supervisor = supervise(2);
    EXPECT_TRUE(worker->put(guarding({{7, 1, 0}, {9, 2, 0}})));
    EXPECT_EQ(worker->policy_map(), 101u);
    EXPECT_TRUE(worker->put(guarding({{7, 3, 0}})));
    supervisor.join();
    EXPECT_EQ(worker->policy_map(), 102u);
    ASSERT_EQ(side.guarded.size(), 1u);
    EXPECT_EQ(side.guarded[0].start_ns, 7u);
    EXPECT_EQ(side.guarded[0].tgid, 3u);
    EXPECT_TRUE(unused.guarded.empty());
}

TEST_F(Line, TheGateGoesWithIt) {
    std::thread supervisor = supervise();
    rec_policy policy{};
    policy.gate.used = 3;
    policy.gate.drop[REC_GATE_CLOSE][7] = 0x80000000;
    EXPECT_TRUE(worker->put(policy));
    supervisor.join();
    EXPECT_EQ(side.gate.used, 3u);
    EXPECT_EQ(side.gate.drop[REC_GATE_CLOSE][7], 0x80000000u);
}

TEST_F(Line, ItsRefusalIsTold) {
    side.refuses = true;
    std::thread supervisor = supervise();
    const auto refused = worker->put(guarding({}));
    supervisor.join();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EPERM);
    EXPECT_EQ(refused.error().message,
              "cannot have the supervisor give the kernel side its policy: Operation not permitted");
}

TEST_F(Line, AnAnswerThatComesTooLateIsNotTakenForTheNext) {
    std::thread first = supervise();  // that one is waited for longer
    EXPECT_TRUE(worker->put(guarding({{1, 1, 0}})));
    first.join();
    const auto none = worker->put(guarding({{2, 2, 0}}));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ETIMEDOUT);
    answer_request(answers.get(), side);
    std::thread third = supervise();
    EXPECT_TRUE(worker->put(guarding({{3, 3, 0}})));
    third.join();
    EXPECT_EQ(worker->policy_map(), 103u);
}

TEST_F(Line, TheFirstAnswerMayTakeLonger) {
    std::thread supervisor([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(1200));
        answer_request(answers.get(), side);
    });
    EXPECT_TRUE(worker->put(guarding({{1, 1, 0}})));
    supervisor.join();
}

TEST_F(Line, WithoutASupervisorThereIsNothingToWaitFor) {
    answers = Fd();
    const auto gone = worker->put(guarding({}));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, EPIPE);
}

TEST_F(Line, WhatIsNoRequestIsNotAnswered) {
    auto line = PolicyLine::make();
    ASSERT_TRUE(line);
    const char small[] = "?", big[4096] = {};
    ASSERT_EQ(::send(line->asks.get(), small, sizeof small, 0), static_cast<ssize_t>(sizeof small));
    ASSERT_EQ(::send(line->asks.get(), big, sizeof big, 0), static_cast<ssize_t>(sizeof big));
    for (int i = 0; i < 3; ++i) answer_request(line->answers.get(), side);  // the third finds none
    EXPECT_EQ(side.policies, 100u);
    char none = 0;
    EXPECT_EQ(::recv(line->asks.get(), &none, 1, MSG_DONTWAIT), -1);
}

}  // namespace
}  // namespace whodid
