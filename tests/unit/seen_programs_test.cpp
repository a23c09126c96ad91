// SPDX-License-Identifier: Apache-2.0
// The memory of programs, and its file.
#include "enrich/seen_programs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "directory.h"

namespace whodid {
namespace {

Id128 program(std::uint64_t n) { return {n, ~n}; }

TEST(SeenPrograms, AreNewOnce) {
    SeenPrograms seen;
    EXPECT_TRUE(seen.note(program(1)));
    EXPECT_TRUE(seen.note(program(2)));
    EXPECT_FALSE(seen.note(program(1)));
}

TEST(SeenPrograms, ForgetWhatWasNotRunForLongest) {
    SeenPrograms seen;
    for (std::uint64_t n = 0; n < SeenPrograms::kMax; ++n) seen.note(program(n));
    EXPECT_FALSE(seen.note(program(0)));
    EXPECT_TRUE(seen.note(program(SeenPrograms::kMax)));
    EXPECT_EQ(seen.size(), SeenPrograms::kMax);
    EXPECT_FALSE(seen.note(program(0)));
    EXPECT_TRUE(seen.note(program(1)));
}

TEST(SeenPrograms, OutliveTheRun) {
    const test::Directory directory;
    const std::string path = directory.path + "/seen";
    {
        auto seen = SeenPrograms::load(path);
        ASSERT_TRUE(seen);
        EXPECT_EQ(seen->changed_text(), "");
        for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_TRUE(seen->note(program(n)));
        ASSERT_TRUE(save_seen(path, seen->changed_text()));
        EXPECT_EQ(seen->changed_text(), "");
    }
    auto again = SeenPrograms::load(path);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->size(), 3u);
    EXPECT_EQ(again->changed_text(), "");
    EXPECT_FALSE(again->note(program(2)));
    EXPECT_TRUE(again->note(program(4)));
    EXPECT_EQ(again->changed_text().substr(0, 23), "whodid seen programs 1\n");
}

TEST(SeenPrograms, FileIsPrivateAndReplacedWhole) {
    const test::Directory directory;
    const std::string path = directory.write("seen", "old");
    directory.write("seen.new", "left over");
    ASSERT_TRUE(save_seen(path, "whodid seen programs 1\n"));
    struct stat st {};
    ASSERT_EQ(::stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
    const auto failed = save_seen(directory.path + "/none/seen", "x");
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("/none/seen: No such file"), std::string::npos)
        << failed.error().message;
}

TEST(SeenPrograms, FileOfSomethingElseIsRefused) {
    const test::Directory directory;
    for (const char* text : {"", "x\n", "whodid seen programs 2\n", "whodid seen programs 1\nabc\n",
                             "whodid seen programs 1\n0123456789abcdef0123456789abcdeg\n",
                             "whodid seen programs 1\n0123456789abcdef0123456789abcdef0\n"}) {
        const auto seen = SeenPrograms::load(directory.write("seen", text));
        ASSERT_FALSE(seen) << text;
        EXPECT_NE(seen.error().message.find("remove it"), std::string::npos) << seen.error().message;
    }
    ASSERT_FALSE(SeenPrograms::load(directory.path));
}

TEST(SeenPrograms, TextReadsBack) {
    const std::list<Id128> programs = {program(7), program(0), {0xfedcba9876543210, 0x0123456789abcdef}};
    const auto parsed = parse_seen(format_seen(programs));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(std::list<Id128>(parsed->begin(), parsed->end()), programs);
}

}  // namespace
}  // namespace whodid
