// SPDX-License-Identifier: Apache-2.0
// What telling may cost a host, and what is left out when it costs more. The clock is fed.
#include "filter/budget.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "app/budget_text.h"
#include "made_event.h"

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr int kAll = kBudgetSteps;

struct BudgetTest : testing::Test, test::Maker {
    std::map<std::uint32_t, std::shared_ptr<const Process>> by_pid;
    Lineage lineage{{}, [this](const Process& p) -> std::shared_ptr<const Process> {
                        const auto found = by_pid.find(p.parent_pid);
                        return found == by_pid.end() ? nullptr : found->second;
                    }};
    std::uint64_t now = kSecond;

    Budget make(const BudgetLimits& limits) { return {limits, lineage, now}; }
    std::shared_ptr<Process> put(std::uint32_t pid, std::uint32_t parent, const std::string& exe) {
        auto p = alice(1004, exe);
        p->pid = pid;
        p->parent_pid = parent;
        p->entity = {pid, pid};
        by_pid[pid] = p;
        return p;
    }
    static int step(const Budget& budget) { return static_cast<int>(budget.step()); }
    static int step_of(Budget& budget, const Event& event) { return static_cast<int>(budget.step_of(event)); }

    /// One event of each step.
    std::vector<Event> one_of_each() {
        return {file(REC_FILE_OPEN, "/srv/x", alice()), event(record<rec_fork>(REC_PROCESS_FORK), alice()),
                file(REC_FILE_CREATE, "/srv/x", alice()), net(REC_NETWORK_CONNECT, alice()),
                exec({"cc"}, alice())};
    }
    /// Events of that step for some seconds. How many were told.
    std::size_t flood(Budget& budget, const Event& event, int per_s, int seconds) {
        std::size_t told = 0;
        for (int i = 0; i < per_s * seconds; ++i) {
            now += kSecond / static_cast<unsigned>(per_s);
            budget.advance(now);
            if (!budget.leaves_out(event)) ++told;
        }
        return told;
    }
    void pass(Budget& budget, int seconds) {
        for (int i = 0; i < seconds; ++i) budget.advance(now += kSecond);
    }
};

TEST_F(BudgetTest, QuietHasOneByItself) {
    const BudgetLimits quiet = limits_of(Profile::kQuiet);
    EXPECT_EQ(quiet.events_per_s, 20);
    EXPECT_EQ(quiet.bytes_per_day, 5e6);
    EXPECT_EQ(quiet.cpu_percent, 2);
    EXPECT_EQ(describe(quiet), "20 events/s, 5 MB/day, 2% of a core");
    EXPECT_FALSE(limits_of(Profile::kStandard).any());
    EXPECT_FALSE(limits_of(Profile::kForensic).any());
    EXPECT_EQ(describe(BudgetLimits{}), "");
}

TEST_F(BudgetTest, TheOrderIsThePublishedOne) {
    Budget budget = make({});
    const auto events = one_of_each();
    for (int i = 0; i < kAll; ++i) EXPECT_EQ(step_of(budget, events[static_cast<std::size_t>(i)]), i + 1);
    EXPECT_EQ(step_of(budget, file(REC_FILE_MAP, "/usr/lib/x.so", alice())), 1);
    EXPECT_EQ(step_of(budget, file(REC_FILE_OPEN, "/srv/x", alice(), -ENOENT)), 1);
    EXPECT_EQ(step_of(budget, file(REC_FILE_OPEN, "/srv/x", alice(), 0, O_WRONLY)), 3);
    EXPECT_EQ(step_of(budget, file(REC_FILE_OPEN, "/srv/x", alice(), 0, O_TRUNC)), 3);
    EXPECT_EQ(step_of(budget, net(REC_NETWORK_CLOSE, alice())), 2);
    EXPECT_EQ(step_of(budget, net(REC_NETWORK_SEND, alice())), 4);
}

TEST_F(BudgetTest, SomeAreNeverLeftOut) {
    Budget budget = make({});
    for (const int refusal : {-EACCES, -EPERM}) {
        EXPECT_EQ(step_of(budget, file(REC_FILE_OPEN, "/srv/x", alice(), refusal)), 0);
        EXPECT_EQ(step_of(budget, file(REC_FILE_UNLINK, "/srv/x", alice(), refusal)), 0);
        EXPECT_EQ(step_of(budget, net(REC_NETWORK_CONNECT, alice(), refusal)), 0);
        EXPECT_EQ(step_of(budget, exec({"x"}, alice(), refusal)), 0);
    }
    for (Event& event : one_of_each()) {
        event.tags = std::string_view("persistence\0", 12);
        EXPECT_EQ(step_of(budget, event), 0) << event.kind->name;
    }
    EXPECT_EQ(step_of(budget, file(REC_FILE_OPEN, "/etc/shadow", alice())), 0) << "a read that trace shows";
    EXPECT_EQ(step_of(budget, auth({}, alice())), 0);
    EXPECT_EQ(step_of(budget, session_event(REC_SESSION_START, "sshd", alice())), 0);
    EXPECT_EQ(step_of(budget, identity("sudo", alice())), 0);
    for (const Kind& kind : kinds()) {
        if (kind.id < REC_AUTH_ATTEMPT && kind.id != REC_FILE_MOUNT && kind.id != REC_FILE_UMOUNT) continue;
        rec_hdr bare{};
        bare.kind = kind.id;
        Event event;
        event.record = &bare;
        event.kind = &kind;
        EXPECT_EQ(step_of(budget, event), 0) << kind.name;
    }
}

TEST_F(BudgetTest, WhatIsTypedIsToldAndWhatThatRunsIsNot) {
    Budget budget = make({});
    put(10, 1, "/usr/sbin/sshd");
    put(11, 10, "/usr/bin/bash");
    EXPECT_EQ(step_of(budget, exec({"make"}, put(12, 11, "/usr/bin/make"))), 0);
    EXPECT_EQ(step_of(budget, exec({"cc"}, put(13, 12, "/usr/bin/cc"))), 5);
}

TEST_F(BudgetTest, ABurstIsFree) {
    Budget budget = make({.events_per_s = 20});
    EXPECT_EQ(flood(budget, one_of_each()[0], 400, 1), 400u) << "within half a minute's worth";
    EXPECT_EQ(step(budget), 0);
    EXPECT_FALSE(budget.changed());
    pass(budget, 60);
    EXPECT_EQ(flood(budget, one_of_each()[0], 400, 1), 400u);
}

TEST_F(BudgetTest, StepsAreTakenOneAfterTheOther) {
    Budget budget = make({.events_per_s = 10});
    int before = 0;
    const auto events = one_of_each();
    for (int i = 0; i < 3000; ++i) {
        budget.advance(now += kSecond / 1000);
        const Event& event = events[static_cast<std::size_t>(i % kAll)];
        const bool told = !budget.leaves_out(event);
        if (told) {
            EXPECT_GT(i % kAll + 1, before);
        }
        EXPECT_LE(step(budget), before + 1);
        EXPECT_GE(step(budget), before);
        before = step(budget);
    }
    EXPECT_EQ(before, kAll);
    const auto change = budget.changed();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->before, BudgetStep::kNothing);
    EXPECT_EQ(change->now, BudgetStep::kPrograms);
    EXPECT_EQ(change->limit, BudgetLimit::kEvents);
    EXPECT_GT(change->measured, 10);
    EXPECT_GT(left_out(*change), 1000u);
    EXPECT_FALSE(budget.changed()) << "it is told once";
}

TEST_F(BudgetTest, AFloodIsHeldToItsRate) {
    for (const int step : {0, 2, 4}) {
        Budget budget = make({.events_per_s = 10});
        const Event event = one_of_each()[static_cast<std::size_t>(step)];
        flood(budget, event, 1000, 10);
        EXPECT_EQ(BudgetTest::step(budget), step + 1) << "and no further";
        const std::size_t told = flood(budget, event, 200, 600);
        EXPECT_LE(told, 10u * 600 + 600);
    }
}

TEST_F(BudgetTest, WhatIsNeverLeftOutComesAtAnyRate) {
    Budget budget = make({.events_per_s = 1});
    EXPECT_EQ(flood(budget, auth({}, alice()), 1000, 10), 10'000u);
    EXPECT_EQ(step(budget), kAll);
}

TEST_F(BudgetTest, ItRecoversStepByStep) {
    Budget budget = make({.events_per_s = 10});
    flood(budget, one_of_each()[4], 1000, 10);
    ASSERT_EQ(step(budget), kAll);
    (void)budget.changed();
    EXPECT_TRUE(budget.leaves_out(one_of_each()[3]));
    EXPECT_TRUE(budget.leaves_out(one_of_each()[3]));
    int seconds = 0;
    for (int left = kAll - 1; left >= 0; --left) {
        int held = 0;
        for (; step(budget) > left && held < 100; ++held) pass(budget, 1);
        EXPECT_EQ(step(budget), left);
        EXPECT_GE(held, left == kAll - 1 ? 1 : 10);
        seconds += held;
        const auto change = budget.changed();
        ASSERT_TRUE(change);
        EXPECT_EQ(static_cast<int>(change->now), left);
        EXPECT_EQ(change->left_out[REC_NETWORK_CONNECT], left == kAll - 1 ? 2u : 0u);
    }
    EXPECT_LE(seconds, 90);
    EXPECT_FALSE(budget.leaves_out(one_of_each()[0]));
}

TEST_F(BudgetTest, NothingIsTakenBackWhileTheRateIsUsedUp) {
    Budget budget = make({.events_per_s = 10});
    const Event read = one_of_each()[0], typed = auth({}, alice());
    flood(budget, read, 100, 4);
    ASSERT_EQ(step(budget), 1);
    flood(budget, typed, 10, 300);
    EXPECT_GE(step(budget), 1);
    flood(budget, typed, 5, 60);
    EXPECT_EQ(step(budget), 0);
}

// Else a flood that goes on would have a line each ten seconds.
TEST_F(BudgetTest, WhoRelapsesIsHeldLonger) {
    Budget budget = make({.events_per_s = 10});
    std::size_t changes = 0;
    for (int s = 0; s < 3600; ++s) {
        flood(budget, one_of_each()[0], 100, 1);
        if (budget.changed()) ++changes;
    }
    EXPECT_GT(changes, 4u) << "it looks again and again";
    EXPECT_LT(changes, 30u);
}

TEST_F(BudgetTest, ADaysBytesAreKeptOnEveryDay) {
    constexpr double kLimit = 5e6;
    Budget budget = make({.bytes_per_day = kLimit});
    const Event event = one_of_each()[4];
    constexpr std::uint64_t kEach = 1200;
    std::vector<std::uint64_t> hours;
    for (int hour = 0; hour < 72; ++hour) {
        std::uint64_t bytes = 0;
        for (int i = 0; i < 3600; ++i) {
            budget.advance(now += kSecond);
            std::uint64_t told = 0;
            for (int n = 0; n < 2; ++n) told += !budget.leaves_out(event);
            budget.wrote(told * kEach);
            bytes += told * kEach;
        }
        hours.push_back(bytes);
    }
    for (std::size_t first = 0; first + 24 <= hours.size(); ++first) {
        double day = 0;
        for (std::size_t i = first; i < first + 24; ++i) day += static_cast<double>(hours[i]);
        EXPECT_LE(day, kLimit) << first;
        EXPECT_GE(day, kLimit / 2) << first;
    }
}

TEST_F(BudgetTest, BytesAreThoseThatWereWritten) {
    Budget budget = make({.bytes_per_day = 1e6});
    const Event event = one_of_each()[0];
    for (int i = 0; i < 100; ++i) {  // a hundredth of what they are taken for
        EXPECT_FALSE(budget.leaves_out(event));
        budget.wrote(10);
    }
    EXPECT_EQ(step(budget), 0);
    budget.advance(now += kSecond);
    EXPECT_FALSE(budget.leaves_out(event));
    budget.wrote(140'000);
    budget.advance(now += kSecond);
    EXPECT_EQ(step(budget), 1);
    const auto change = budget.changed();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->limit, BudgetLimit::kBytes);
    EXPECT_NE(describe(*change).find(" MB/day, at most 1 MB/day; step 1 of 5, was 0"), std::string::npos)
        << describe(*change);
}

TEST_F(BudgetTest, CpuTimeIsAnAverage) {
    Budget budget = make({.cpu_percent = 2});
    std::uint64_t used = 700 * kSecond;  // before it began
    budget.used_cpu(used);
    const auto work = [&](std::uint64_t ns, int seconds) {
        for (int i = 0; i < seconds; ++i) {
            budget.advance(now += kSecond);
            budget.used_cpu(used += ns);
        }
    };
    work(kSecond / 50, 600);
    EXPECT_EQ(step(budget), 0) << "what it may";
    work(kSecond / 2, 1);
    EXPECT_EQ(step(budget), 0) << "a moment";
    pass(budget, 60);
    work(kSecond / 10, 8);
    EXPECT_EQ(step(budget), 1);
    const auto change = budget.changed();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->limit, BudgetLimit::kCpu);
    EXPECT_GT(change->measured, 4);
    EXPECT_LE(change->measured, 10.5);
    work(kSecond, 3);
    EXPECT_GE(step(budget), 2);
    EXPECT_LE(step(budget), 4) << "a second is a step at most";
    work(0, 200);
    EXPECT_EQ(step(budget), 0);
}

TEST_F(BudgetTest, SaysWhatAndWhy) {
    BudgetReport report;
    report.now = BudgetStep::kEnds;
    report.measured = 31.24;
    report.allowed = 20;
    EXPECT_EQ(
        describe(report),
        "budget: 31.2 events/s, at most 20 events/s; step 2 of 5, was 0; from here on left out: reads of "
        "files; forks, exits, ends of connections and names asked for");
    report.before = BudgetStep::kEnds;
    report.now = BudgetStep::kNothing;
    report.limit = BudgetLimit::kCpu;
    report.left_out[REC_PROCESS_FORK] = 1234;
    report.left_out[REC_FILE_OPEN] = 5;
    EXPECT_EQ(
        describe(report),
        "budget: 31.2% of a core, at most 20% of a core; step 0 of 5, was 2; were left out: process.fork "
        "1,234, file.open 5; from here on nothing is left out");
    report.before = BudgetStep::kNothing;
    EXPECT_EQ(
        describe(report),
        "budget: 31.2% of a core, at most 20% of a core; step 0 of 5; were left out: process.fork 1,234, "
        "file.open 5");
}

}  // namespace
}  // namespace whodid
