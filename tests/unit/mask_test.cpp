// SPDX-License-Identifier: Apache-2.0
// Masking: a corpus of command lines with misses and over-masking counted, and the properties it must keep.
#include "enrich/mask.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace whodid {
namespace {

using Args = std::vector<std::string>;

// ---- the corpus ---------------------------------------------------------------------------------------

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// The byte after a backslash at `line[at]`; moves `at` behind it.
char unescape(std::string_view line, std::size_t& at) {
    char c = at < line.size() ? line[at++] : '\\';
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c != 'x' || at + 2 > line.size()) return c;
    at += 2;
    return static_cast<char>(hex_digit(line[at - 2]) * 16 + hex_digit(line[at - 1]));
}

// The quoting of command_lines.tsv, described at its top.
Args read_words(std::string_view line) {
    Args words(1);
    for (std::size_t at = 0; at < line.size();) {
        char c = line[at++];
        if (c == ' ') {
            words.emplace_back();
        } else if (c == '\\') {
            words.back() += unescape(line, at);
        } else if (c == '\'' || c == '"') {
            std::size_t end = std::min(line.find(c, at), line.size());
            words.back() += line.substr(at, end - at);
            at = end + 1;
        } else {
            words.back() += c;
        }
    }
    return words;
}

struct Case {
    std::string expected, original;
};

std::string source_directory() {
    std::string file = __FILE__;
    std::string root = file.substr(0, file.rfind("tests/unit/"));
    if (std::ifstream(root + "tests/data/command_lines.tsv")) return root;
#ifdef WHODID_SOURCE_DIR
    return WHODID_SOURCE_DIR "/";
#else
    return root;
#endif
}

std::vector<Case> read_corpus() {
    std::vector<Case> cases;
    std::ifstream file(source_directory() + "tests/data/command_lines.tsv");
    for (std::string line; std::getline(file, line);) {
        std::size_t tab = line.find('\t');
        if (!line.starts_with("#") && tab != line.npos) cases.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    return cases;
}

std::string join(const Args& words) {
    std::string all;
    for (const std::string& word : words) all += "[" + word + "] ";
    return all;
}

std::size_t stars(const Args& words) {
    std::size_t count = 0;
    for (const std::string& word : words)
        for (std::size_t at = 0; (at = word.find("****", at)) != word.npos; at += 4) ++count;
    return count;
}

// A wrong line misses a secret if it has fewer masks than expected or keeps bytes that should be masked.
bool misses(const Args& got, const Args& expected) {
    if (stars(got) < stars(expected)) return true;
    std::size_t got_bytes = join(got).size() - 4 * stars(got), kept = join(expected).size() - 4 * stars(expected);
    return got_bytes > kept;
}

TEST(MaskCorpus, HasNoMissesAndNoOverMasking) {
    std::vector<Case> cases = read_corpus();
    ASSERT_GE(cases.size(), 320u);
    int missed = 0, over = 0, secret = 0;
    for (const Case& c : cases) {
        Args expected = read_words(c.expected), got = read_words(c.original);
        secret += c.expected != c.original;
        bool masked = mask_args(got);
        EXPECT_EQ(masked, got != read_words(c.original)) << c.original;
        if (got == expected) continue;
        bool miss = misses(got, expected);
        ++(miss ? missed : over);
        std::printf("%s\n  original: %s\n  expected: %s\n  masked:   %s\n", miss ? "MISS" : "OVER", c.original.c_str(),
                    join(expected).c_str(), join(got).c_str());
    }
    std::printf("misses: %d, over-masked: %d of %zu (%d with secrets)\n", missed, over, cases.size(), secret);
    EXPECT_EQ(missed, 0);
    EXPECT_EQ(over, 0);
    EXPECT_GE(secret, 220);
    EXPECT_GE(cases.size() - static_cast<std::size_t>(secret), 100u);
}

TEST(MaskCorpus, MaskingTwiceChangesNothing) {
    for (const Case& c : read_corpus()) {
        Args once = read_words(c.original);
        mask_args(once);
        Args twice = once;
        EXPECT_FALSE(mask_args(twice)) << c.original;
        EXPECT_EQ(once, twice) << c.original;
    }
}

}  // namespace
}  // namespace whodid
