// SPDX-License-Identifier: Apache-2.0
// What a successor finds, learns and tells, and what it says is gone.
#include "app/backlog.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kMs;
using test::kSecond;
using test::RecordBuilder;
using test::Seen;
using test::World;

class BacklogTest : public testing::Test, protected World {
protected:
    static std::vector<char> at(std::uint64_t boot_ns, RecordBuilder<rec_exec> builder) {
        builder->h.boot_ns = boot_ns;
        builder->h.seq = boot_ns;
        return builder.bytes();
    }
    std::vector<char> exec_at(std::uint64_t boot_ns, const Actor& who) {
        return at(boot_ns, exec_of(who, {who.exe}));
    }
    static std::vector<char> listed(const Actor& who, std::uint64_t boot_ns) {
        RecordBuilder<rec_process> r(REC_RAW_TASK, who.task);
        r->h.boot_ns = boot_ns;
        r->exe_inode = who.file.inode;
        r->cgroup.flags = r->cgroup_v1.flags = REC_PATH_ABSENT;
        return r.path(&rec_process::exe, who.exe).bytes();
    }
    void take_over(Backlog& backlog, std::uint64_t told_until_ns) {
        backlog.sort();
        for (const auto& record : backlog.listing()) pipeline().take_first(record);
        pipeline().learn({}, told_until_ns);
        pipeline().learn(backlog.told(), told_until_ns);
        for (const auto& record : backlog.fresh()) pipeline().take(record);
    }
    Checkpoint checkpoint() const {
        Checkpoint from;
        from.ledger = ledger;
        for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) from.taken[kind] = ledger[kind].received;
        return from;
    }

    const Actor shell_ = Actor::process(400, 1004).login(1004, 118).runs("/usr/bin/bash");
    const Actor child_ = shell_.fork(401).runs("/usr/bin/vim");
};

TEST_F(BacklogTest, WhatWasTakenAndHappenedInTimeWasTold) {
    Backlog backlog(20 * kMs);
    backlog.add(exec_at(20 * kMs, child_), true);
    backlog.add(exec_at(10 * kMs, shell_), true);
    backlog.add(exec_at(21 * kMs, child_), true);   // in the reorder window
    backlog.add(exec_at(15 * kMs, child_), false);  // came late
    backlog.sort();
    ASSERT_EQ(backlog.told().size(), 2u);
    rec_hdr first;
    std::memcpy(&first, backlog.told()[0].data(), sizeof first);
    EXPECT_EQ(first.boot_ns, 10 * kMs) << "in order of time";
    EXPECT_EQ(first.task.tgid, shell_.task.tgid);
    EXPECT_EQ(backlog.fresh().size(), 2u);
    EXPECT_EQ(backlog.taken_again()[REC_PROCESS_EXEC], 1u);
}

// A list is learnt at once, before what is held back to be put in order.
TEST_F(BacklogTest, AListIsToldAsSoonAsItIsTaken) {
    Backlog backlog(10 * kMs, 12 * kMs);
    backlog.add(listed(shell_, 12 * kMs), true);   // learnt
    backlog.add(exec_at(12 * kMs, child_), true);  // held back
    backlog.add(listed(shell_, 13 * kMs), true);   // died before it was
    backlog.add(listed(shell_, 14 * kMs), false);  // one's own
    backlog.sort();
    EXPECT_EQ(backlog.told().size(), 1u);
    EXPECT_EQ(backlog.listing().size(), 2u);
    EXPECT_EQ(backlog.fresh().size(), 1u);
    EXPECT_EQ(backlog.taken_again()[REC_RAW_TASK], 1u);
    EXPECT_EQ(backlog.taken_again()[REC_PROCESS_EXEC], 1u);
}

// A process acts, and execs; then the processes are listed: what it ran before is not what the list says.
TEST_F(BacklogTest, NobodyRunsWhatHeExecsLater) {
    Actor after = shell_;
    after.runs("/usr/bin/python3");
    Backlog backlog(0);
    auto open = file_of(shell_, REC_FILE_OPEN, "/etc/hostname");
    open->h.boot_ns = 5 * kMs;
    backlog.add(open.bytes(), false);
    backlog.add(exec_at(6 * kMs, after), false);
    backlog.add(listed(after, 8 * kMs), false);
    take_over(backlog, 0);
    EXPECT_EQ(one("file.open")["process.executable.path"], "");
    EXPECT_EQ(one("process.exec")["process.executable.path"], "/usr/bin/python3");
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST_F(BacklogTest, FromWhatWasToldOneLearns) {
    Backlog backlog(20 * kMs);
    RecordBuilder<rec_fork> fork(REC_PROCESS_FORK, child_.task);
    fork->h.boot_ns = 10 * kMs;
    backlog.add(fork.bytes(), true);
    backlog.add(exec_at(11 * kMs, child_), true);
    auto open = file_of(child_, REC_FILE_OPEN, "/etc/hostname");
    open->h.boot_ns = 25 * kMs;
    backlog.add(open.bytes(), true);
    backlog.add(listed(shell_, 31 * kMs), false);
    take_over(backlog, 20 * kMs);
    ASSERT_EQ(finish().size(), 1u) << "what was told is not told again";
    EXPECT_EQ(one("file.open")["process.executable.path"], "/usr/bin/vim");
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].received, 0u) << "nor counted";
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST_F(BacklogTest, ALoginThatNobodyHasToldIsToldThoughItsProcessesAreListed) {
    Backlog backlog(20 * kMs, 20 * kMs, 117);
    backlog.add(listed(shell_, 31 * kMs), false);
    backlog.add(exec_at(30 * kMs, shell_), false);
    take_over(backlog, 20 * kMs);
    EXPECT_EQ(one("session.start")["user.id"], "1004");
    EXPECT_EQ(pipeline().numbers().session, 118u);
}

TEST_F(BacklogTest, ALoginThatWasToldIsAnOldOne) {
    Backlog backlog(20 * kMs, 20 * kMs, 118);
    backlog.add(listed(shell_, 31 * kMs), false);
    backlog.add(exec_at(30 * kMs, shell_), false);
    take_over(backlog, 20 * kMs);
    EXPECT_TRUE(all("session.start").empty());
    EXPECT_EQ(one("process.exec")["user.id"], "1004");
    EXPECT_EQ(pipeline().numbers().session, 118u);
}

TEST_F(BacklogTest, NothingIsLostThatIsInTheRingsStill) {
    Checkpoint from;
    from.taken[REC_PROCESS_EXEC] = 5;
    from.ledger[REC_PROCESS_EXEC].received = from.ledger[REC_PROCESS_EXEC].delivered = 3;
    Backlog backlog(10 * kMs);
    backlog.add(exec_at(11 * kMs, child_), true);
    EXPECT_EQ(lost_records(from, backlog, 0).of(REC_PROCESS_EXEC), 1u);
    backlog.add(exec_at(12 * kMs, child_), true);
    backlog.add(exec_at(13 * kMs, child_), false);
    const Lost lost = lost_records(from, backlog, 0);
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) EXPECT_EQ(lost.of(kind), 0u) << kind;
}

TEST_F(BacklogTest, WhatIsLostIsInTheLedger) {
    there_was(shell_);
    execs(shell_, {"bash"});
    exec_fails(shell_, "/usr/local/bin/nix", ENOENT);  // held back: a search through PATH
    pass(kSecond / 10);
    Checkpoint from = checkpoint();
    from.taken[REC_PROCESS_EXEC] += 2;
    from.taken[REC_FILE_OPEN] += 7;
    from.ledger[REC_FILE_CREATE].received = from.ledger[REC_FILE_CREATE].delivered = 9;
    from.taken[REC_FILE_CREATE] = 9;
    from.ledger[REC_FILE_CREATE].summarized = 9;
    from.ledger[REC_FILE_CREATE].retold = 5;
    const Lost lost = lost_records(from, Backlog(now_ns), 0);
    EXPECT_EQ(lost.of(REC_PROCESS_EXEC), 3u);
    EXPECT_EQ(lost.of(REC_FILE_OPEN), 7u);
    Ledger after = from.ledger;
    account_for(lost, after);
    EXPECT_EQ(after[REC_FILE_OPEN].died, 7u);
    EXPECT_EQ(after[REC_FILE_CREATE].died, 4u) << "counted in a summary that was not told";
    EXPECT_TRUE(after.imbalances().empty());
    EXPECT_EQ(lost_records(from, Backlog(now_ns), 1).of(REC_PROCESS_EXEC), 2u) << "found again";
}

}  // namespace
}  // namespace whodid
