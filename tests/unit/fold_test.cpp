// SPDX-License-Identifier: Apache-2.0
// What the kernel side counted instead of telling, as events.
#include <gtest/gtest.h>

#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kMs;
using test::kSecond;
using test::RecordBuilder;
using test::World;

class FoldedTest : public testing::Test, protected World {
protected:
    RecordBuilder<rec_file> open_of(const std::string& path, rec_u16 entry) {
        RecordBuilder<rec_file> r(REC_FILE_OPEN, vim_.task);
        r->base.flags = r->base2.flags = REC_PATH_ABSENT;
        r->open_flags = 1;  // O_WRONLY
        r->inode = 77;
        r->dev = 254 << 20;
        r->h.task.fold = entry;
        r.path(&rec_file::path, path);
        return r;
    }
    /// Of the record that was made last, but for its number when `seq` is given.
    rec_folded folded(rec_u16 entry, std::uint64_t count, std::uint64_t of_seq) {
        rec_folded f{};
        f.h.size = sizeof f;
        f.h.kind = REC_RAW_FOLD;
        f.h.cpu = REC_OWN_CPU;
        f.h.task.fold = entry;
        f.h.task.loginuid = f.key.loginuid = 1004;
        f.h.task.sessionid = f.key.sessionid = 118;
        f.key.kind = REC_FILE_OPEN;
        f.key.object[0] = 77;
        f.key.object[1] = 254ull << 52;
        f.key.access = 1;
        f.count = count;
        f.of_seq = of_seq;
        f.first_ns = 1001 * kSecond;
        f.last_ns = 1041 * kSecond;
        return f;
    }
    void closes(const rec_folded& f) {
        rec_folded at = f;
        now_ns += kMs;
        at.h.boot_ns = now_ns;
        const char* bytes = reinterpret_cast<const char*>(&at);
        happens(std::vector<char>(bytes, bytes + sizeof at));
    }

    Actor vim_ = Actor::process(4102, 1004).login(1004, 118).runs("/usr/bin/vim");
};

TEST_F(FoldedTest, TheEventThatClosesSaysAllThatTheFirstOneSaid) {
    there_was(vim_);
    happens(open_of("/etc/motd", 9));
    pass(kSecond);  // the first is told long before
    closes(folded(9, 33, 2));
    const auto& events = finish();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_FALSE(events[0].has("whodid.count"));
    EXPECT_FALSE(events[0].has("whodid.fold.of"));
    EXPECT_EQ(events[1].kind, "file.open");
    EXPECT_EQ(events[1]["file.path"], "/etc/motd");
    EXPECT_EQ(events[1]["user.name"], "alice");
    EXPECT_EQ(events[1]["process.executable.path"], "/usr/bin/vim");
    EXPECT_EQ(events[1]["whodid.count"], "34");
    EXPECT_EQ(events[1]["whodid.first"], "2026-11-24T14:00:01.000000000Z");
    EXPECT_EQ(events[1]["whodid.last"], "2026-11-24T14:00:41.000000000Z");
    EXPECT_EQ(events[1]["whodid.fold.of"], events[0]["event.id"]);
    EXPECT_NE(events[1]["event.id"], events[0]["event.id"]);
    EXPECT_NE(events[1].text.find("/etc/motd ×34 in 40s"), std::string::npos) << events[1].text;
    EXPECT_EQ(ledger[REC_FILE_OPEN].closed, 33u);
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST_F(FoldedTest, BothInOneGo) {
    options.reorder = false;
    there_was(vim_);
    happens(open_of("/etc/motd", 1));
    closes(folded(1, 1, 2));
    const auto& events = finish();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[1]["file.path"], "/etc/motd");
    EXPECT_EQ(events[1]["whodid.count"], "2");
}

TEST_F(FoldedTest, OfAFirstThatNobodyKnowsTheKeyIsTold) {
    there_was(vim_);
    happens(open_of("/etc/motd", 9));
    pass(kSecond);
    closes(folded(9, 5, 999));   // another act had that entry
    closes(folded(4000, 6, 3));  // nothing was ever heard of it
    const auto& events = finish();
    ASSERT_EQ(events.size(), 3u);
    for (const std::size_t i : {1, 2}) {
        EXPECT_EQ(events[i].kind, "file.open");
        EXPECT_EQ(events[i]["file.path"], "");
        EXPECT_EQ(events[i]["file.inode"], "77");
        EXPECT_EQ(events[i]["whodid.file.access"], "w");
        EXPECT_TRUE(events[i].has("whodid.fold.of"));
    }
    EXPECT_EQ(events[1]["whodid.count"], "6");
    EXPECT_EQ(events[2]["whodid.count"], "7");
    EXPECT_EQ(ledger[REC_FILE_OPEN].closed, 11u);
}

TEST_F(FoldedTest, KindsThatAreNotFoldedMakeNoEvent) {
    for (const std::uint16_t kind : {REC_PROCESS_EXEC, REC_FILE_MOUNT, REC_SESSION_END, REC_RAW_FOLD}) {
        rec_folded f = folded(0, 5, 1);
        f.key.kind = kind;
        closes(f);
    }
    rec_folded f = folded(3, 5, 1);
    f.key.kind = 999;
    closes(f);
    EXPECT_TRUE(finish().empty());
    EXPECT_EQ(ledger[REC_RAW_FOLD].consumed, 5u);
}

TEST_F(FoldedTest, ASessionsTotalsCountThem) {
    there_was(vim_);
    happens(open_of("/etc/motd", 9));
    pass(kSecond);
    closes(folded(9, 33, 2));
    RecordBuilder<rec_net> close(REC_NETWORK_CLOSE, vim_.task);
    close->family = 2;
    close->outgoing = 1;
    close->bytes_sent = 10;
    close->h.task.fold = 2;
    happens(std::move(close));
    pass(kSecond);
    rec_folded more = folded(2, 3, 3);
    more.key.kind = REC_NETWORK_CLOSE;
    more.bytes_sent = 500;
    more.bytes_received = 70;
    closes(more);
    const auto& events = finish();
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(events[3].kind, "network.close");
    EXPECT_EQ(events[3]["whodid.count"], "4");
    EXPECT_EQ(events[3]["whodid.network.bytes_sent"], "510");
    EXPECT_EQ(events[3]["whodid.network.bytes_received"], "70");
}

}  // namespace
}  // namespace whodid
