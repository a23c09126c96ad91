// SPDX-License-Identifier: Apache-2.0
// What a child leaves behind when it is killed.
#include "app/hand_over.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace whodid {
namespace {

TEST(HandOver, BeginsWithNothing) {
    const auto made = HandOver::make();
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->last().numbers.seq, 0u);
    EXPECT_FALSE((*made)->was_writing());
    EXPECT_FALSE((*made)->has_started(1));
}

TEST(HandOver, OutlivesAWorker) {
    const auto made = HandOver::make();
    ASSERT_TRUE(made);
    HandOver& shared = **made;
    const pid_t child = ::fork();
    if (child == 0) {
        shared.begin();
        shared.started({7, static_cast<std::uint32_t>(::getpid()), 0});
        Checkpoint one;
        for (std::uint64_t i = 1; i <= 3; ++i) {
            one.numbers.seq = i;
            one.ledger[REC_FILE_OPEN].received = i;
            shared.commit(one);
        }
        shared.write_begins();
        ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(shared.last().numbers.seq, 3u);
    EXPECT_EQ(shared.last().ledger[REC_FILE_OPEN].received, 3u);
    EXPECT_TRUE(shared.was_writing());
    EXPECT_TRUE(shared.has_started(static_cast<std::uint32_t>(child)));
    EXPECT_EQ(shared.sensor().start_ns, 7u);
    EXPECT_EQ(shared.begin(), 2u);
}

}  // namespace
}  // namespace whodid
