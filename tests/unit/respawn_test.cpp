// SPDX-License-Identifier: Apache-2.0
// How long a worker is waited with.
#include "app/respawn.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

constexpr std::uint64_t kMs = 1'000'000, kSteady = Respawn::kSteadyNs;

TEST(Respawn, AtOnceUnlessTheyDieInARow) {
    Respawn respawn;
    EXPECT_EQ(respawn.after(true, 1), 0u);
    EXPECT_EQ(respawn.after(true, 1), 100 * kMs);
    EXPECT_EQ(respawn.after(true, 1), 200 * kMs);
    EXPECT_EQ(respawn.after(true, 1), 400 * kMs);
    EXPECT_EQ(respawn.after(true, kSteady), 0u) << "it lived";
    EXPECT_EQ(respawn.after(true, 1), 100 * kMs);
}

TEST(Respawn, NeverLongerThanTenSeconds) {
    Respawn respawn;
    for (int i = 0; i < 100; ++i) EXPECT_LE(respawn.after(true, 1), Respawn::kMostNs);
    EXPECT_EQ(respawn.after(true, 1), Respawn::kMostNs);
}

TEST(Respawn, WhoCannotStartIsGivenUp) {
    Respawn respawn;
    for (int i = 1; i < Respawn::kUnstartedMax; ++i) EXPECT_TRUE(respawn.after(false, 1)) << i;
    EXPECT_TRUE(respawn.after(true, 1)) << "one that started begins a new row";
    for (int i = 1; i < Respawn::kUnstartedMax; ++i) EXPECT_TRUE(respawn.after(false, 1)) << i;
    EXPECT_FALSE(respawn.after(false, 1));
}

}  // namespace
}  // namespace whodid
