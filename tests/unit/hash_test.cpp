// SPDX-License-Identifier: Apache-2.0
// Ids and keyed hashes, by the published test vectors.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>

namespace whodid {
namespace {

TEST(Hash, HexIsThirtyTwoDigits) {
    EXPECT_EQ((Id128{0, 0}).hex(), "00000000000000000000000000000000");
    EXPECT_EQ((Id128{0x0123456789abcdef, 0xfedcba9876543210}).hex(), "0123456789abcdeffedcba9876543210");
    EXPECT_EQ((Id128{1, 2}).hex(), "00000000000000010000000000000002");
}

TEST(Hash, Xxh3) {  // xxHash's own sanity vector for no input
    EXPECT_EQ(hash_bytes("").hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, NumbersAreKeptApart) {
    const Id128 boot = hash_bytes("boot"), other = hash_bytes("other boot");
    std::set<std::string> ids;
    for (const Id128& seed : {boot, other}) {
        ids.insert(hash_numbers(seed, {1}).hex());
        ids.insert(hash_numbers(seed, {1, 0}).hex());
        ids.insert(hash_numbers(seed, {0, 1}).hex());
        ids.insert(hash_numbers(seed, {1, 2, 3, 4, 5, 6}).hex());
        ids.insert(hash_numbers(seed, {1, 2, 3, 4, 6, 5}).hex());
    }
    EXPECT_EQ(ids.size(), 10u);
    EXPECT_EQ(hash_numbers(boot, {7, 8}), hash_numbers(boot, {7, 8}));
}

TEST(Hash, Sha256) {  // FIPS 180-2, appendix B.1
    const std::string digest = sha256("abc");
    ASSERT_EQ(digest.size(), 32u);
    EXPECT_EQ(digest.substr(0, 4), "\xba\x78\x16\xbf");
}

TEST(Hash, HmacSha256) {  // RFC 4231, test case 1; a key shorter than the block is padded with zeros
    std::array<unsigned char, 32> key{};
    std::fill_n(key.begin(), 20, 0x0b);
    EXPECT_EQ(KeyedHash(key)("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b");
}

TEST(Hash, KeysOfTwoRunsDiffer) {
    const KeyedHash one, another;
    EXPECT_EQ(one("hunter2"), one("hunter2"));
    EXPECT_NE(one("hunter2"), another("hunter2"));
    EXPECT_NE(one("hunter2"), one("hunter3"));
    EXPECT_EQ(one("").size(), 32u);
}

// NIST's examples.
TEST(Sha256, OfPieces) {
    EXPECT_EQ(Sha256().finish(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    Sha256 hash;
    hash.add("a");
    hash.add("");
    Sha256 moved = std::move(hash);
    moved.add("bc");
    EXPECT_EQ(moved.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace whodid
