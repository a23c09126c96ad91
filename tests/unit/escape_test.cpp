// SPDX-License-Identifier: Apache-2.0
// Untrusted bytes made safe to show.
#include "base/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

using namespace std::string_literals;

TEST(Escape, ValidUtf8) {
    for (const std::string& text : {""s, "abc"s, "\0"s, "caf\u00e9"s, "\u4e16\u754c"s, "\U0001F600"s,
                                    "\U0010FFFF"s, "\uFFFD"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s}) {
        EXPECT_TRUE(valid_utf8(text)) << escape_for_terminal(text);
        EXPECT_EQ(to_utf8_replacing(text), text);
    }
}

// The examples of the Unicode standard, tables 3-8 to 3-11, and the usual suspects.
TEST(Escape, ReplacesMaximalSubparts) {
    const struct {
        std::string text, want;
    } cases[] = {
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\uFFFD\uFFFD\x42"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\x41"},
        {"a\xE4\xB8", "a\uFFFD"},
        {"\xF0\x9F\x98", "\uFFFD"},
        {"\xF5\x80", "\uFFFD\uFFFD"},
    };
    for (const auto& c : cases) {
        EXPECT_FALSE(valid_utf8(c.text));
        EXPECT_EQ(to_utf8_replacing(c.text), c.want) << escape_for_terminal(c.text);
    }
}

TEST(Escape, Trap33_NothingReachesTheTerminal) {
    const struct {
        std::string text, want;
    } cases[] = {
        {"plain name.txt", "plain name.txt"},
        {"\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"},
        {"a\nb\tc\rd", "a\\nb\\tc\\x0dd"},
        {"C:\\x", "C:\\\\x"},
        {"\\x1b", "\\\\x1b"},  // not to be mistaken for an escaped ESC
        {"\0"s, "\\x00"},
        {"\x7f", "\\x7f"},
        {"\u009b31m", "\\u009b31m"},  // C1 CSI as a code point
        {"\x9b"
         "31m",
         "\\x9b31m"},  // and as a lone byte
        {"\u202egpj.exe", "\\u202egpj.exe"},
        {"\u2066x\u2069", "\\u2066x\\u2069"},
        {"\u200fx\u2028", "\\u200fx\\u2028"},
        {"caf\xe9", "caf\\xe9"},
        {"caf\u00e9 \u4e16 \U0001F600", "caf\u00e9 \u4e16 \U0001F600"},
        {"\xE4\xB8", "\\xe4\\xb8"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(escape_for_terminal(c.text), c.want);
        EXPECT_TRUE(valid_utf8(escape_for_terminal(c.text)));
    }
}

// RFC 4648 section 10.
TEST(Escape, Base64) {
    const struct {
        std::string bytes, want;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\0"s, "//4A"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(base64(c.bytes), c.want);
        EXPECT_EQ(from_base64(c.want), c.bytes);
        EXPECT_EQ(from_base64(c.want.substr(0, c.want.find('='))), c.bytes) << "without padding";
    }
    for (const char* text : {"Z", "Zg=", "Zg===", "=Zg=", "Zm9v=", "Zm 9", "Zm9-", "Zm9vYg==Zg==", "===="})
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

TEST(Escape, DisplayWidth) {
    const struct {
        std::string text;
        std::size_t want;
    } cases[] = {
        {"", 0},           {"abc", 3},          {"caf\u00e9", 4},
        {"cafe\u0301", 4}, {"\u4e16\u754c", 4}, {"\uff21", 2},
        {"\uff71", 1},     {"\U0001F600", 2},   {"\u200b", 0},
        {"\u2026", 1},     {"\u3042\u3099", 2}, {"\xff\xfe", 2},
        {"\u26a1", 2},     {"\u2605", 1},       {"\ud55c", 2},
    };
    for (const auto& c : cases) EXPECT_EQ(display_width(c.text), c.want) << c.text;
}

TEST(Escape, CutMiddle) {
    const struct {
        std::string text;
        std::size_t columns;
        std::string want;
    } cases[] = {
        {"short", 5, "short"},
        {"/usr/share/doc", 7, "/us\u2026doc"},
        {"/usr/share/doc", 8, "/usr\u2026doc"},
        {"abcdef", 1, "\u2026"},
        {"abcdef", 2, "a\u2026"},
        {"abcdef", 0, ""},
        {"\u4e16\u754c\u4e16\u754c", 6, "\u4e16\u2026\u754c"},  // half a wide character does not fit
        {"\u4e16\u754c\u4e16\u754c", 3, "\u4e16\u2026"},
        {"ab\u0301cdefe\u0301", 5, "ab\u0301\u2026fe\u0301"},  // marks stay with their base
        {"abcdefe\u0301\u0301", 3, "a\u2026e\u0301\u0301"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(cut_middle(c.text, c.columns), c.want);
        EXPECT_LE(display_width(cut_middle(c.text, c.columns)), c.columns);
    }
}

}  // namespace
}  // namespace whodid
