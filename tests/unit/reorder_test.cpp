// SPDX-License-Identifier: Apache-2.0
// Reorder.
#include "source/reorder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "record_builder.h"

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

TEST(Reorder, WhatHasNoHeaderHasNoTime) {
    Reorder reorder;
    std::vector<char> half(sizeof(rec_hdr) - 1);
    EXPECT_FALSE(reorder.add(half));
    EXPECT_EQ(reorder.held(), 0u);
}

}  // namespace
}  // namespace whodid
