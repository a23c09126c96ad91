// SPDX-License-Identifier: Apache-2.0
// Attempts at the door, by account and origin.
#include "fold/auth_failures.h"

#include <gtest/gtest.h>

#include "made_event.h"

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

struct AuthFailuresTest : testing::Test, test::Maker {
    AuthFailures failures;
    Arena arena;
    std::uint64_t now = kBootNs;

    Event attempt(const std::string& account, const std::string& address, int result = -EACCES,
                  std::shared_ptr<const Process> process = nullptr) {
        auto made = record<rec_auth>(REC_AUTH_ATTEMPT, result);
        made->h.boot_ns = now += kSecond;
        made.text(&rec_auth::service, "sshd").text(&rec_auth::account, account);
        made.text(&rec_auth::address, address);
        Event e = event(std::move(made), std::move(process));
        e.wall_ns = kWallNs + (now - kBootNs);
        return e;
    }
    std::vector<Event> told(std::uint64_t until) {
        std::vector<Event> out;
        failures.tick(until, arena, [&](Event e) { out.push_back(std::move(e)); });
        return out;
    }
};

TEST_F(AuthFailuresTest, TheFirstIsToldAndTheOthersAreCounted) {
    const Event first = attempt("root", "203.0.113.50");
    EXPECT_FALSE(failures.take(first));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(failures.take(attempt("root", "203.0.113.50")));
    EXPECT_FALSE(failures.take(attempt("bob", "203.0.113.50"))) << "another account";
    EXPECT_FALSE(failures.take(attempt("root", "203.0.113.51"))) << "from elsewhere";
    EXPECT_TRUE(told(kBootNs + 60 * kSecond).empty());
    const auto all = told(kBootNs + 90 * kSecond);
    ASSERT_EQ(all.size(), 1u) << "of the others there was one each";
    EXPECT_EQ(all[0].count, 21u);
    EXPECT_TRUE(all[0].closes_fold);
    EXPECT_EQ(all[0].first_id(), first.id());
    EXPECT_EQ(all[0].first_ns, first.wall_ns);
    EXPECT_EQ(all[0].last_ns - all[0].first_ns, 20 * kSecond);
    EXPECT_EQ(all[0].text(all[0].as<rec_auth>().account), "root");
    EXPECT_FALSE(failures.take(attempt("root", "203.0.113.50"))) << "the first of another minute";
}

TEST_F(AuthFailuresTest, SuccessesAndThoseOfWhoIsLoggedInAreToldEachTime) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(failures.take(attempt("alice", "203.0.113.50", 0)));
        EXPECT_FALSE(failures.take(attempt("alice", "", -EACCES, alice()))) << "sudo";
    }
    EXPECT_TRUE(told(~std::uint64_t{0}).empty());
}

TEST_F(AuthFailuresTest, MoreSortsThanThereIsRoomForAreTold) {
    for (int i = 0; i < 5000; ++i) EXPECT_FALSE(failures.take(attempt(std::to_string(i), "203.0.113.50")));
    EXPECT_FALSE(failures.take(attempt("4999", "203.0.113.50"))) << "there was no room";
    EXPECT_TRUE(failures.take(attempt("5", "203.0.113.50")));
}

}  // namespace
}  // namespace whodid
