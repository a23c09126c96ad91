// SPDX-License-Identifier: Apache-2.0
// Arena.
#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace whodid {
namespace {

TEST(Arena, IsAligned) {
    Arena arena;
    for (const std::size_t bytes : {1, 2, 7, 8, 9, 4095, 300'000, 3})
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(bytes)) % 8, 0u) << bytes;
}

TEST(Arena, CopiesStayWhatTheyWere) {
    Arena arena;
    std::mt19937 random(7);
    for (int round = 0; round < 3; ++round) {
        std::vector<std::pair<std::string, std::string_view>> copies;
        for (int i = 0; i < 500; ++i) {
            std::string text(random() % 4000, static_cast<char>('a' + i % 26));
            if (i % 100 == 99) text.assign(400'000 + random() % 100'000, 'x');
            const std::string_view copy = arena.copy(text);
            copies.emplace_back(std::move(text), copy);
        }
        for (const auto& [text, copy] : copies) ASSERT_EQ(copy, text);
        arena.reset();
    }
}

TEST(Arena, ReusesItsMemory) {
    Arena arena;
    const char* first = arena.allocate(100);
    arena.allocate(1 << 20);
    arena.reset();
    EXPECT_EQ(arena.allocate(100), first);
}

TEST(Arena, NothingIsFine) {
    Arena arena;
    EXPECT_EQ(arena.copy({}), "");
    EXPECT_NE(arena.allocate(0), nullptr);
}

}  // namespace
}  // namespace whodid
