// SPDX-License-Identifier: Apache-2.0
// Acts that must come back, and what is said when they do not.
#include "app/canary.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kSecond;
using test::RecordBuilder;
using Texts = std::vector<std::string>;

class CanaryTest : public testing::Test {
protected:
    static Actor self() { return Actor::process(static_cast<std::uint32_t>(::getpid())); }
    static std::vector<char> open_by(const Actor& who, const std::string& name) {
        RecordBuilder<rec_file> r(REC_FILE_OPEN, who.task);
        r->h.result = -ENOTDIR;
        r->path.flags = r->base.flags = r->base2.flags = REC_PATH_ABSENT;
        return r.text(&rec_file::name, name).bytes();
    }
    static std::vector<char> connect_by(const Actor& who, const std::string& name) {
        RecordBuilder<rec_net> r(REC_NETWORK_CONNECT, who.task);
        r->h.result = -ECONNREFUSED;
        return r.text(&rec_net::unix_path, name).bytes();
    }
    bool takes(const std::vector<char>& record) {
        return canary_.takes(*reinterpret_cast<const rec_hdr*>(record.data()));
    }
    void comes_back() {
        EXPECT_TRUE(takes(open_by(self(), canary_.path())));
        EXPECT_TRUE(takes(connect_by(self(), canary_.name())));
    }

    Canary canary_{30 * kSecond, 100 * kSecond, "secret"};
};

TEST_F(CanaryTest, IsDueOnceAPeriod) {
    EXPECT_FALSE(canary_.is_due(129 * kSecond));
    EXPECT_TRUE(canary_.is_due(130 * kSecond));
    canary_.sent(131 * kSecond);
    EXPECT_FALSE(canary_.is_due(160 * kSecond));
    EXPECT_TRUE(canary_.is_due(161 * kSecond));
}

TEST_F(CanaryTest, SaysNothingWhileItComesBack) {
    for (int i = 0; i < 10; ++i) {
        canary_.sent(0);
        comes_back();
        EXPECT_EQ(canary_.changes(), Texts{});
    }
}

TEST_F(CanaryTest, SaysOnceWhatStaysAwayAndThatItIsBack) {
    for (int i = 0; i < Canary::kMissedMax - 1; ++i) canary_.sent(0);
    EXPECT_EQ(canary_.changes(), Texts{});
    canary_.sent(0);
    EXPECT_TRUE(takes(connect_by(self(), canary_.name())));
    EXPECT_EQ(canary_.changes(), Texts{"openat of its own did not come back 3 times"});
    canary_.sent(0);
    EXPECT_EQ(canary_.changes(), Texts{});
    comes_back();
    EXPECT_EQ(canary_.changes(), Texts{"openat of its own comes back again"});
    EXPECT_EQ(canary_.changes(), Texts{});
}

TEST_F(CanaryTest, TakesNobodyElsesAct) {
    EXPECT_FALSE(takes(open_by(Actor::process(1), canary_.path())));
    EXPECT_FALSE(takes(open_by(self(), "/dev/null/whodid-other")));
    EXPECT_FALSE(takes(connect_by(self(), "@whodid-other")));
    EXPECT_FALSE(takes(connect_by(self(), canary_.path())));
}

// It is counted, neither told nor recorded.
TEST_F(CanaryTest, IsConsumed) {
    test::World world;
    world.there_was(self());
    int recorded = 0;
    world.pipeline().set_tap([&](const rec_hdr&) { ++recorded; });
    world.pipeline().set_canary([&](const rec_hdr& record) { return canary_.takes(record); });
    world.happens(open_by(self(), canary_.path()));
    EXPECT_TRUE(world.all("file.open").empty());
    EXPECT_EQ(recorded, 0);
    EXPECT_EQ(world.ledger[REC_FILE_OPEN].consumed, 1u);
    EXPECT_EQ(world.ledger[REC_FILE_OPEN].received, 1u);
}

// What a predecessor did may come back to who goes on for it.
TEST_F(CanaryTest, APredecessorsActIsTaken) {
    const Actor before = Actor::process(77), other = Actor::process(78);
    EXPECT_FALSE(takes(open_by(before, canary_.path())));
    canary_ = Canary(30 * kSecond, 100 * kSecond, "secret", 77);
    EXPECT_TRUE(takes(open_by(before, canary_.path())));
    EXPECT_FALSE(takes(open_by(other, canary_.path())));
    comes_back();
}

}  // namespace
}  // namespace whodid
