// SPDX-License-Identifier: Apache-2.0
// Shell patterns, against fnmatch(3).
#include "base/glob.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace whodid {
namespace {

bool fnmatches(const std::string& pattern, const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

TEST(Glob, MatchesAsFnmatchDoes) {
    const char* patterns[] = {"",
                              "*",
                              "**",
                              "?",
                              "a",
                              "a*",
                              "*a",
                              "a*b",
                              "a*b*c",
                              "*a*b*",
                              "/etc/*",
                              "*/.ssh/*",
                              "[a]",
                              "[!a]",
                              "[^a]",
                              "[]a]",
                              "[!]a]",
                              "[a-c]x",
                              "[c-a]",
                              "[a-]",
                              "[-a]",
                              "[",
                              "[a",
                              "a[",
                              "[!",
                              "[]",
                              "[]]",
                              "x]",
                              "\\*",
                              "\\[a]",
                              "[\\]]",
                              "[\\]a]",
                              "[a\\-c]",
                              "[[:digit:]]",
                              "[![:digit:]]",
                              "[[:alpha:]_]*",
                              "[[:bogus:]]",
                              "[[:digit:]",
                              "[[a]",
                              "[[]",
                              "/proc/[0-9]*",
                              "a?c",
                              "??",
                              "*?*",
                              "*.[ch]",
                              "/dev/pts/[0-9]*"};
    const char* texts[] = {"",          "a",           "b",       "c",    "ab",         "abc",
                           "aXbXc",     "/etc/shadow", "/etc/",   "]",    "-",          "[",
                           "[a",        "[a]",         "a[",      "[]",   "[!",         "x]",
                           "*",         "\\",          "5",       "_x",   "ax",         "cx",
                           "axc",       "/proc/1/mem", "x.c",     "x.h",  "/dev/pts/3", "/home/a/.ssh/id",
                           "[:digit:]", "a/c",         ".hidden", "\xff", "d"};
    for (const std::string pattern : patterns)
        for (const std::string text : texts)
            EXPECT_EQ(Glob(pattern).matches(text), fnmatches(pattern, text)) << pattern << " on " << text;
}

TEST(Glob, MatchesRandomPatternsAsFnmatchDoes) {
    std::mt19937 random(4711);
    const auto any_of = [&](std::string_view letters, std::size_t length_max) {
        std::string made;
        for (std::size_t n = random() % (length_max + 1); n > 0; --n)
            made += letters[random() % letters.size()];
        return made;
    };
    int matched = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::string pattern = any_of("aabc**??[]!-\\/", 10), text = any_of("aabc[]-!/", 10);
        // glibc looks for the end of an unfinished set or escape only where the text leads it there.
        if (pattern.ends_with('\\') || pattern.find("[\\") != pattern.npos) continue;
        const bool expected = fnmatches(pattern, text);
        matched += expected;
        ASSERT_EQ(Glob(pattern).matches(text), expected) << pattern << " on " << text;
    }
    EXPECT_GT(matched, 1000);
}

TEST(Glob, WithoutCase) {
    EXPECT_TRUE(Glob("/ETC/*.Conf", true).matches("/etc/x.CONF"));
    EXPECT_TRUE(Glob("[a-c]*", true).matches("Bx"));
    EXPECT_FALSE(Glob("[!a-c]*", true).matches("Bx"));
    EXPECT_FALSE(Glob("/ETC/*").matches("/etc/x"));
    EXPECT_FALSE(Glob("\xc4*", true).matches("\xe4x")) << "letters of ASCII alone";
}

TEST(Glob, ALoneBackslashAndAnUnknownClassMatchNothing) {
    EXPECT_FALSE(Glob("a\\").matches("a\\"));
    EXPECT_FALSE(Glob("a\\").matches("a"));
    EXPECT_FALSE(Glob("[[:bogus:]x]").matches("x"));
}

TEST(Glob, BytesThatAreNoTextAreBytes) {
    EXPECT_TRUE(Glob("/tmp/?").matches("/tmp/\xff"));
    EXPECT_TRUE(Glob("a*b").matches(std::string_view("a\0\nb", 4)));
}

// What takes exponential time in careless matchers.
TEST(Glob, ManyStars) {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    EXPECT_FALSE(Glob(pattern + "b").matches(std::string(4000, 'a')));
    EXPECT_TRUE(Glob(pattern).matches(std::string(4000, 'a')));
}

}  // namespace
}  // namespace whodid
