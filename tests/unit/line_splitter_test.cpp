// SPDX-License-Identifier: Apache-2.0
// Lines of a stream, however it is cut into pieces.
#include "base/line_splitter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

namespace whodid {
namespace {

using Strings = std::vector<std::string>;

/// "NUMBER:TEXT/BYTES", with "!" where it was too long.
Strings split(const Strings& pieces, std::size_t line_bytes_max = 5) {
    LineSplitter lines(line_bytes_max);
    Strings all;
    const auto take = [&](const LineSplitter::Line& line) {
        all.push_back(
            fmt::format("{}:{}/{}{}", line.number, line.text, line.bytes, line.is_too_long ? "!" : ""));
    };
    for (const std::string& piece : pieces) lines.feed(piece, take);
    lines.finish(take);
    return all;
}

TEST(LineSplitter, WholeAndPartedLinesAreTheSame) {
    const Strings want = {"1:ab/3", "2:/1", "3:cde/4"};
    EXPECT_EQ(split({"ab\n\ncde\n"}), want);
    EXPECT_EQ(split({"a", "b", "\n", "\nc", "", "de\n"}), want);
}

TEST(LineSplitter, ALastLineNeedsNoNewline) {
    EXPECT_EQ(split({"a\nb"}), (Strings{"1:a/2", "2:b/1"}));
    EXPECT_EQ(split({}), Strings());
    EXPECT_EQ(split({"\n"}), Strings{"1:/1"});
}

TEST(LineSplitter, OfALongLineOnlyTheBeginningIsKept) {
    const Strings want = {"1:12345/6", "2:12345/7!", "3:x/2"};
    EXPECT_EQ(split({"12345\n123456\nx\n"}), want);
    EXPECT_EQ(split({"123", "45\n12", "3", "4", "5", "6", "\nx\n"}), want);
    EXPECT_EQ(split({"1234567"}), Strings{"1:12345/7!"});
}

}  // namespace
}  // namespace whodid
