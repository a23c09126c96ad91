// SPDX-License-Identifier: Apache-2.0
// What tables and rings tell of how full they are.
#include "base/table_size.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "enrich/host_names.h"
#include "enrich/queued_jobs.h"
#include "enrich/seen_programs.h"
#include "enrich/sessions.h"
#include "fold/summaries.h"
#include "source/fold_table.h"
#include "source/ring.h"

namespace whodid {
namespace {

TEST(TableSize, WhatWasRunLongestAgoMakesRoom) {
    SeenPrograms seen;
    for (std::uint64_t i = 0; i < SeenPrograms::kMax + 3; ++i) seen.note({1, i});
    const TableSize size = seen.table_size();
    EXPECT_EQ(size.name, "seen_programs");
    EXPECT_EQ(size.entries, SeenPrograms::kMax);
    EXPECT_EQ(size.limit, SeenPrograms::kMax);
    EXPECT_EQ(size.evicted, 3u);
}

TEST(TableSize, TheOldestSessionMakesRoom) {
    const Stream stream;
    Sessions sessions(stream);
    const std::uint64_t limit = sessions.table_size().limit;
    for (std::uint32_t i = 0; i < limit + 2; ++i) (void)sessions.of(i, 1000);
    EXPECT_EQ(sessions.table_size().entries, limit);
    EXPECT_EQ(sessions.table_size().evicted, 2u);
}

TEST(TableSize, NamesAskedForAreForgottenTogether) {
    HostNames names;
    const std::uint64_t each = names.table_size().limit / 2;
    for (std::uint32_t i = 0; i <= each; ++i) names.asked({i + 1, 1}, "host.example", 5);
    EXPECT_EQ(names.table_size().entries, 1u);
    EXPECT_EQ(names.table_size().evicted, each);
    names.connected(7, "host.example");
    EXPECT_EQ(names.table_size().entries, 2u);
}

TEST(TableSize, TheOldestJobMakesRoom) {
    QueuedJobs jobs;
    const std::uint64_t limit = jobs.table_size().limit;
    for (std::uint64_t i = 0; i < limit + 5; ++i) jobs.queued({1, i}, nullptr);
    EXPECT_EQ(jobs.table_size().entries, limit);
    EXPECT_EQ(jobs.table_size().evicted, 5u);
}

TEST(TableSize, EmptyTablesHaveTheirLimits) {
    EXPECT_EQ(Summaries(nullptr).table_size().entries, 0u);
    EXPECT_GT(Summaries(nullptr).table_size().limit, 0u);
    EXPECT_EQ(FoldTable().table_size().limit, 0u);
}

TEST(TableSize, OfFoldsThoseInUseCount) {
    std::vector<rec_fold> entries(8);
    FoldTable folds(entries);
    folds.tick(1, [](const rec_folded&) {});
    EXPECT_EQ(folds.table_size().entries, 0u);
    EXPECT_EQ(folds.table_size().limit, 8u);
    entries[3].word = entries[5].word = std::uint64_t{REC_FOLD_BUSY} << 56;
    folds.tick(6'000'000'000, [](const rec_folded&) {});
    EXPECT_EQ(folds.table_size().entries, 2u);
}

TEST(RingUse, IsWhatWasNotGivenBack) {
    std::uint64_t consumer = 4096, producer = 4096 + 256;
    const std::vector<char> data(8192);
    Ring ring(&consumer, &producer, data.data(), 4096);
    EXPECT_EQ(ring.used(), 256u);
    ring.give_back(4096 + 200);
    EXPECT_EQ(ring.used(), 56u);
}

}  // namespace
}  // namespace whodid
