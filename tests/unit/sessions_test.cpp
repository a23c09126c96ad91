// SPDX-License-Identifier: Apache-2.0
// Sessions.
#include "enrich/sessions.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

class SessionsTest : public testing::Test {
protected:
    SessionsTest() { stream_.boot = hash_bytes("a boot"); }
    Stream stream_;
    Sessions sessions_{stream_};
};

TEST_F(SessionsTest, Trap03_UnsetIsNoSessionAndZeroIsOne) {
    EXPECT_EQ(sessions_.of(REC_UNSET, REC_UNSET), nullptr);
    EXPECT_EQ(sessions_.of(REC_UNSET, 1000), nullptr);
    sessions_.learn(REC_UNSET, 1000, [](Session&) { FAIL(); });
    EXPECT_EQ(sessions_.totals(REC_UNSET), nullptr);
    EXPECT_FALSE(sessions_.announce(REC_UNSET));
    EXPECT_FALSE(sessions_.end(REC_UNSET));
    EXPECT_EQ(sessions_.size(), 0u);
    const auto zero = sessions_.of(0, 0);
    ASSERT_TRUE(zero);
    EXPECT_EQ(zero->id, "0");
}

TEST_F(SessionsTest, OneSnapshotPerNumberUntilSomethingIsLearnt) {
    const auto before = sessions_.of(118, 1004);
    EXPECT_EQ(sessions_.of(118, 1004), before);
    EXPECT_EQ(before->id, "118");
    EXPECT_EQ(before->login_uid, 1004u);
    EXPECT_EQ(before->origin_type, "unknown");
    sessions_.learn(118, 1004, [](Session& s) { s.address = "198.51.100.7"; });
    const auto after = sessions_.of(118, 1004);
    EXPECT_EQ(after->address, "198.51.100.7");
    EXPECT_EQ(before->address, "");  // an older event shows what was known then
    EXPECT_EQ(after->entity, before->entity);
}

TEST_F(SessionsTest, TheEntityTellsBootsApart) {
    Stream other;
    other.boot = hash_bytes("another boot");
    Sessions others(other);
    EXPECT_NE(sessions_.of(4, 0)->entity, others.of(4, 0)->entity);
    EXPECT_NE(sessions_.of(4, 0)->entity, sessions_.of(5, 0)->entity);
}

TEST_F(SessionsTest, StartsAndEndsOnce) {
    EXPECT_FALSE(sessions_.announce(118));  // not known
    sessions_.of(118, 1004);
    EXPECT_FALSE(sessions_.announced(118));
    EXPECT_FALSE(sessions_.end(118));  // never began
    EXPECT_TRUE(sessions_.announce(118));
    EXPECT_FALSE(sessions_.announce(118));
    EXPECT_TRUE(sessions_.announced(118));
    int running = 0;
    sessions_.for_each([&](const Session&) { ++running; });
    EXPECT_EQ(running, 1);
    EXPECT_TRUE(sessions_.end(118));
    EXPECT_FALSE(sessions_.end(118));
    sessions_.for_each([&](const Session&) { FAIL(); });
}

TEST_F(SessionsTest, TheEndedOnesMakeRoomFirst) {
    sessions_.of(1, 1000);
    sessions_.learn(1, 1000, [](Session& s) { s.address = "still here"; });
    for (std::uint32_t number = 2; number < 20'000; ++number) {
        sessions_.of(number, 1000);
        sessions_.announce(number);
        sessions_.end(number);
    }
    EXPECT_LE(sessions_.size(), 16384u);
    EXPECT_EQ(sessions_.of(1, 1000)->address, "still here");
    for (std::uint32_t number = 20'000; number < 40'000; ++number) sessions_.of(number, 1000);
    EXPECT_LE(sessions_.size(), 16384u);
    EXPECT_EQ(sessions_.of(1, 1000)->address, "");  // the oldest of those that go on
}

}  // namespace
}  // namespace whodid
