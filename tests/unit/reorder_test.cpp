// SPDX-License-Identifier: Apache-2.0
// Reorder.
#include "source/reorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <string>

#include "record_builder.h"
#include "unit/allocations.h"

namespace whodid {
namespace {

std::vector<char> at(std::uint64_t boot_ns, std::uint64_t seq = 0) {
    test::RecordBuilder<rec_fork> r(REC_PROCESS_FORK, {});
    r->h.boot_ns = boot_ns;
    r->h.seq = seq;
    return r.bytes();
}

/// "5 7 6! ", a late one with a mark.
std::string release(Reorder& reorder, std::uint64_t until) {
    std::string out;
    reorder.release(until, [&](std::span<char> bytes, bool late) {
        rec_hdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        out += std::to_string(header.boot_ns) + (late ? "! " : " ");
    });
    return out;
}

TEST(Reorder, Trap41_ComesOutInOrderOfTime) {
    Reorder reorder;
    for (const std::uint64_t t : {30, 10, 20, 40, 5}) reorder.add(at(t));
    EXPECT_EQ(release(reorder, 25), "5 10 20 ");
    EXPECT_EQ(reorder.held(), 2u);
    reorder.add(at(35));
    EXPECT_EQ(release(reorder, 40), "30 35 40 ");
    EXPECT_EQ(reorder.held(), 0u);
}

TEST(Reorder, Trap41_LateOnesAreMarkedAndStillComeOut) {
    Reorder reorder;
    reorder.add(at(100));
    EXPECT_EQ(release(reorder, 100), "100 ");
    reorder.add(at(99));
    reorder.add(at(100));
    reorder.add(at(101));
    EXPECT_EQ(release(reorder, 200), "99! 100 101 ");
}

TEST(Reorder, OfOneMomentTheFirstToArriveIsFirst) {
    Reorder reorder;
    for (std::uint64_t seq = 0; seq < 200; ++seq) reorder.add(at(7, seq));
    std::uint64_t next = 0;
    reorder.release(7, [&](std::span<char> bytes, bool) {
        rec_hdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        EXPECT_EQ(header.seq, next++);
    });
    EXPECT_EQ(next, 200u);
}

TEST(Reorder, AnyOrderIn) {
    std::mt19937_64 random(41);
    Reorder reorder;
    for (int i = 0; i < 5000; ++i) reorder.add(at(random() % 1'000'000));
    std::uint64_t before = 0;
    reorder.release(~std::uint64_t{0}, [&](std::span<char> bytes, bool late) {
        rec_hdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        EXPECT_LE(before, header.boot_ns);
        EXPECT_FALSE(late);
        before = header.boot_ns;
    });
}

// Memory is used again while other records still lie beside it.
TEST(Reorder, RecordsStayWhatTheyAreWhileOthersComeAndGo) {
    constexpr std::uint64_t kWindow = 1000;
    std::mt19937_64 random(42);
    Reorder reorder;
    std::map<std::uint64_t, std::vector<char>> held;  // by sequence number
    std::uint64_t seq = 0;
    const auto release_until = [&](std::uint64_t until) {
        reorder.release(until, [&](std::span<char> bytes, bool) {
            rec_hdr header;
            std::memcpy(&header, bytes.data(), sizeof header);
            const auto found = held.find(header.seq);
            ASSERT_NE(found, held.end()) << header.seq;
            EXPECT_TRUE(std::ranges::equal(found->second, bytes)) << header.seq;
            held.erase(found);
        });
    };
    for (std::uint64_t now = kWindow; now < 20'000; ++now) {
        for (std::uint64_t i = random() % 4; i > 0; --i) {
            std::vector<char> record = at(now - random() % kWindow, ++seq);
            record.resize(record.size() + random() % 2000, static_cast<char>(random()));
            reorder.add(record);
            held.emplace(seq, std::move(record));
        }
        if (random() % 8 == 0) release_until(now - kWindow);
        EXPECT_EQ(reorder.held(), held.size());
    }
    release_until(~std::uint64_t{0});
    EXPECT_TRUE(held.empty());
}

TEST(Reorder, AWarmOneAllocatesNothingForARecord) {
    Reorder reorder;
    std::vector<char> record = at(0);
    std::uint64_t now = 0;
    const auto go_on = [&](int records) {
        for (int i = 0; i < records; ++i) {
            ++now;
            std::memcpy(record.data() + offsetof(rec_hdr, boot_ns), &now, sizeof now);
            reorder.add(record);
            reorder.release(now < 10'000 ? 0 : now - 10'000, [](std::span<char>, bool) {});
        }
    };
    go_on(50'000);
    const test::Allocations allocations;
    go_on(50'000);
    EXPECT_EQ(allocations.count(), 0u);
}

// Two rings that are read one after the other, and a few records before their time in each.
TEST(Reorder, RunsThatOverlap) {
    std::mt19937_64 random(43);
    Reorder reorder;
    std::uint64_t before = 0, out = 0, in = 0;
    const auto release_until = [&](std::uint64_t until) {
        reorder.release(until, [&](std::span<char> bytes, bool late) {
            rec_hdr header;
            std::memcpy(&header, bytes.data(), sizeof header);
            EXPECT_FALSE(late);
            EXPECT_LE(before, header.boot_ns);
            EXPECT_LE(header.boot_ns, until);
            before = header.boot_ns;
            ++out;
        });
    };
    for (std::uint64_t now = 10'000; now < 200'000; now += 1000) {
        for (int ring = 0; ring < 2; ++ring)
            for (std::uint64_t t = now; t < now + 1000; t += 1 + random() % 20, ++in)
                reorder.add(at(t - (random() % 50 == 0 ? random() % 3000 : 0)));
        release_until(now - 4000);
    }
    release_until(~std::uint64_t{0});
    EXPECT_EQ(out, in);
    EXPECT_EQ(reorder.held(), 0u);
}

TEST(Reorder, GivesBackWhatAFloodNeeded) {
    constexpr int kRecords = 20'000;
    Reorder reorder;
    const auto flood = [&](std::uint64_t from) {
        for (int i = 0; i < kRecords; ++i) reorder.add(at(from + static_cast<std::uint64_t>(i)));
        reorder.release(from + kRecords, [](std::span<char>, bool) {});
    };
    const auto allocations_of_a_flood = [&](std::uint64_t from) {
        const test::Allocations allocations;
        flood(from);
        return allocations.count() - kRecords;  // the test's own records
    };
    flood(0);
    EXPECT_LT(allocations_of_a_flood(kRecords), 5u);
    reorder.trim();  // it was needed just now
    EXPECT_LT(allocations_of_a_flood(2 * kRecords), 5u);
    reorder.trim();
    reorder.trim();
    EXPECT_GT(allocations_of_a_flood(3 * kRecords), 5u);
}

TEST(Reorder, WhatHasNoHeaderHasNoTime) {
    Reorder reorder;
    std::vector<char> half(sizeof(rec_hdr) - 1);
    EXPECT_FALSE(reorder.add(half));
    EXPECT_EQ(reorder.held(), 0u);
}

}  // namespace
}  // namespace whodid
