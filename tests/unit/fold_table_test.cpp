// SPDX-License-Identifier: Apache-2.0
// The table of folds, and the first acts that its entries stand for.
#include "source/fold_table.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t word(rec_fold_state state, std::uint64_t generation, std::uint32_t count) {
    return static_cast<std::uint64_t>(state) << 56 | generation << 32 | count;
}

class FoldTableTest : public testing::Test {
protected:
    rec_fold& open(std::size_t entry, std::uint32_t count, std::uint64_t first_ns = kSecond) {
        rec_fold& fold = entries_[entry];
        fold.word = word(REC_FOLD_OPEN, 7, count);
        fold.key.kind = REC_FILE_OPEN;
        fold.first_ns = first_ns;
        fold.last_ns = first_ns + 5;
        fold.of_seq = 40 + entry;
        fold.of_cpu = 1;
        return fold;
    }
    void tick(std::uint64_t now_ns) {
        table_.tick(now_ns, [this](const rec_folded& folded) { taken_.push_back(folded); });
    }
    void finish(std::uint64_t now_ns) {
        table_.finish(now_ns, [this](const rec_folded& folded) { taken_.push_back(folded); });
    }

    std::vector<rec_fold> entries_ = std::vector<rec_fold>(8);
    FoldTable table_{entries_};
    std::vector<rec_folded> taken_;
};

TEST_F(FoldTableTest, AnEntryIsTakenOneLookAfterItWasClosed) {
    open(3, 12);
    tick(60 * kSecond);
    EXPECT_EQ(entries_[3].word, word(REC_FOLD_OPEN, 7, 12)) << "its window is not over";
    tick(61 * kSecond);
    EXPECT_EQ(entries_[3].word, word(REC_FOLD_CLOSED, 7, 12));
    EXPECT_TRUE(taken_.empty());
    entries_[3].last_ns = 60 * kSecond;  // by a program that had counted just then
    tick(62 * kSecond);
    ASSERT_EQ(taken_.size(), 1u);
    const rec_folded& folded = taken_[0];
    EXPECT_EQ(folded.h.kind, REC_RAW_FOLD);
    EXPECT_EQ(folded.h.size, sizeof folded);
    EXPECT_EQ(folded.h.boot_ns, 62 * kSecond);
    EXPECT_EQ(folded.h.task.fold, 4);
    EXPECT_EQ(folded.count, 12u);
    EXPECT_EQ(folded.last_ns, 60 * kSecond);
    EXPECT_EQ(folded.of_seq, 43u);
    EXPECT_EQ(folded.of_cpu, 1u);
    tick(63 * kSecond);
    EXPECT_EQ(taken_.size(), 1u) << "taken twice";
}

TEST_F(FoldTableTest, WhatWasToldIsFreeAgainInANewGeneration) {
    open(0, 1);
    tick(61 * kSecond);
    tick(62 * kSecond);
    table_.release(62 * kSecond - 1);
    EXPECT_EQ(entries_[0].word, word(REC_FOLD_CLOSED, 7, 1));
    table_.release(62 * kSecond);
    EXPECT_EQ(entries_[0].word, word(REC_FOLD_FREE, 8, 0));
    open(0, 2, 70 * kSecond);
    finish(71 * kSecond);
    ASSERT_EQ(taken_.size(), 2u);
    EXPECT_EQ(taken_[1].count, 2u);
}

TEST_F(FoldTableTest, WhatCountedNothingIsFreeWithoutAWord) {
    open(5, 0);
    tick(61 * kSecond);
    EXPECT_EQ(entries_[5].word, word(REC_FOLD_FREE, 8, 0));
    open(6, 0);
    finish(62 * kSecond);
    EXPECT_TRUE(taken_.empty());
}

TEST_F(FoldTableTest, WhatWasDeniedIsToldSooner) {
    open(1, 3).key.result = -EACCES;
    open(2, 3).key.result = -ENOENT;
    tick(11 * kSecond);
    tick(12 * kSecond);
    ASSERT_EQ(taken_.size(), 1u);
    EXPECT_EQ(taken_[0].key.result, -EACCES);
}

TEST_F(FoldTableTest, WhatCameBetweenLooksAtAllIsClosedWhenItIsDue) {
    tick(kSecond);
    open(1, 3, 2 * kSecond).key.result = -EACCES;
    for (std::uint64_t second = 2; second < 12; ++second) tick(second * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_OPEN, 7, 3));
    EXPECT_EQ(table_.table_size().entries, 1u);
    tick(12 * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_CLOSED, 7, 3));
    tick(13 * kSecond);
    EXPECT_EQ(taken_.size(), 1u);
}

rec_hdr first_of(std::size_t entry, const rec_fold& fold) {
    rec_hdr first{};
    first.task.fold = static_cast<rec_u16>(entry + 1);
    first.seq = fold.of_seq;
    first.cpu = fold.of_cpu;
    return first;
}

TEST_F(FoldTableTest, WhatIsWatchedIsToldSoonerThisOnce) {
    table_.watch(first_of(1, open(1, 3)));
    open(2, 3);
    tick(11 * kSecond);
    tick(12 * kSecond);
    ASSERT_EQ(taken_.size(), 1u);
    EXPECT_EQ(taken_[0].h.task.fold, 2);
    table_.release(12 * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_FREE, 8, 0));
    open(1, 1, 13 * kSecond);  // something else
    tick(24 * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_OPEN, 7, 1));
}

TEST_F(FoldTableTest, OfAPersonAtATerminalItIsToldEachTimeFromThenOn) {
    open(1, 0).key.flags = REC_FOLD_INTERACTIVE;
    open(2, 3).key.flags = REC_FOLD_INTERACTIVE;
    for (const std::size_t entry : {1u, 2u}) table_.watch(first_of(entry, entries_[entry]));
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_TELL, 8, 0));
    EXPECT_EQ(entries_[2].word, word(REC_FOLD_CLOSED, 7, 3)) << "what it had counted is told first";
    tick(2 * kSecond);
    EXPECT_EQ(taken_.size(), 1u);
    table_.release(2 * kSecond);
    EXPECT_EQ(entries_[2].word, word(REC_FOLD_TELL, 8, 0));
    // As long as it goes on.
    entries_[1].last_ns = 50 * kSecond;
    tick(62 * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_TELL, 8, 0));
    EXPECT_EQ(entries_[2].word, word(REC_FOLD_FREE, 9, 0));
    tick(110 * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_FREE, 9, 0));
    finish(111 * kSecond);
    EXPECT_EQ(taken_.size(), 1u);
}

TEST_F(FoldTableTest, OnlyTheEntryThatItIsTheFirstOfIsWatched) {
    rec_hdr other = first_of(1, open(1, 3));
    other.seq = 1;
    table_.watch(other);
    other.task.fold = 0;
    table_.watch(other);
    other.task.fold = 999;
    table_.watch(other);
    tick(12 * kSecond);
    EXPECT_EQ(entries_[1].word, word(REC_FOLD_OPEN, 7, 3));
}

TEST_F(FoldTableTest, TheLastLookTakesEverything) {
    open(0, 1);
    open(1, 2);
    entries_[2].word = word(REC_FOLD_BUSY, 1, 0);
    finish(2 * kSecond);
    ASSERT_EQ(taken_.size(), 2u);
    EXPECT_EQ(taken_[0].count + taken_[1].count, 3u);
    EXPECT_EQ(entries_[2].word, word(REC_FOLD_BUSY, 1, 0)) << "it belongs to a program";
}

TEST_F(FoldTableTest, ASuccessorTellsWhatItsPredecessorHadClosed) {
    open(4, 9);
    tick(61 * kSecond);
    tick(62 * kSecond);
    ASSERT_EQ(taken_.size(), 1u);
    FoldTable successor(entries_);
    std::vector<rec_folded> again;
    successor.tick(70 * kSecond, [&](const rec_folded& folded) { again.push_back(folded); });
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].count, 9u);
    EXPECT_EQ(again[0].of_seq, taken_[0].of_seq) << "its event has the same id";
}

TEST_F(FoldTableTest, ANewGenerationBeginsBehindTheLast) {
    open(0, 1).word = word(REC_FOLD_OPEN, 0xffffff, 1);
    finish(2 * kSecond);
    table_.release(2 * kSecond);
    EXPECT_EQ(entries_[0].word, word(REC_FOLD_FREE, 0, 0));
}

}  // namespace
}  // namespace whodid
