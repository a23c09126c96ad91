// SPDX-License-Identifier: Apache-2.0
// whodid erase: what it takes, and that verify knows what it did.
#include "app/erase.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "app/exit_code.h"
#include "base/fd.h"
#include "sink/erasures.h"
#include "unit/event_files_world.h"

namespace whodid::test {
namespace {

class Erase : public testing::Test {
protected:
    Erase() { world.make_files(2); }
    std::string file(std::size_t i) const { return world.path(world.names(".jsonl.zst").at(i)); }
    std::uint64_t erased() const {
        std::uint64_t sum = 0;
        for (const CheckedSeries& series : world.check()) sum += series.erased;
        return sum;
    }
    EventFilesWorld world;
};

TEST_F(Erase, VerifyKnowsWhatItDid) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(erase({{file(0) + ":2", file(1) + ":1", file(0) + ":2"}, world.key_path}), kOk);
    const std::string said = testing::internal::GetCapturedStdout();
    EXPECT_NE(said.find(file(0) + ":2: erased, "), std::string::npos) << said;
    EXPECT_NE(said.find(file(0) + ":2: was erased before\n"), std::string::npos) << said;
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(erased(), 2u);
}

TEST_F(Erase, AWrongPlaceOrKeyErasesNothing) {
    for (const char* place : {"", ":", ":1", "file", "file:", "file:0", "file:-1", "file:1x",
                              "file:1:", "file:99999999999999999999"}) {
        EXPECT_FALSE(parse_erase_place(place)) << place;
        EXPECT_EQ(erase({{file(0) + ":1", place}, world.key_path}), kUsageError) << place;
    }
    EXPECT_EQ(erase({{file(0) + ":1"}, world.path("none.key")}), kUsageError);
    EXPECT_EQ(erased(), 0u);
    EXPECT_EQ(parse_erase_place("a:b:7")->path, "a:b");
    EXPECT_EQ(parse_erase_place("a:b:7")->line, 7u);
}

TEST_F(Erase, WhatCannotBeErasedKeepsNoOther) {
    EXPECT_EQ(erase({{file(0) + ":99", file(0) + ":3"}, world.key_path}), kRuntimeError);
    EXPECT_EQ(erased(), 1u);
    EXPECT_EQ(world.verdict(), "intact");
}

TEST_F(Erase, TheDaemonLeavesAFileThatIsErasedFrom) {
    const std::string name = world.names(".jsonl.zst").at(0);
    const std::string seal = name.substr(0, name.find('.')) + ".seal";
    world.settings.keep_bytes = 1;
    {
        const Fd lock(::open(world.path(seal).c_str(), O_RDONLY | O_CLOEXEC));
        ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
        world.make_files(1);
        EXPECT_EQ(world.names(".jsonl.zst"), std::vector<std::string>{name});
    }
    world.make_files(1);
    EXPECT_TRUE(world.names(".jsonl.zst").empty());
    EXPECT_EQ(world.verdict(), "intact");
}

}  // namespace
}  // namespace whodid::test
