// SPDX-License-Identifier: Apache-2.0
// Watch files: what they say, and what is wrong with them.
#include "filter/watch_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "event/field.h"
#include "filter/expression.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;

const fs::path kErrors = fs::path(__FILE__).parent_path() / "../data/watch/errors.txt";
const fs::path kPage = fs::path(__FILE__).parent_path() / "../../docs/watch.md";

WatchList parsed(std::string_view text) {
    auto list = parse_watch_file(text, "x");
    EXPECT_TRUE(list) << list.error().message;
    return list ? std::move(*list) : WatchList();
}

std::string refusal(std::string_view text) {
    const auto list = parse_watch_file(text, "x");
    return list ? "" : list.error().message;
}

/// "PATH ACCESSES TAG TAG"; a tree's path with its slash.
std::string said(const WatchEntry& entry) {
    std::string text = entry.path + (entry.is_tree ? "/ " : " ") + accesses_text(entry.accesses);
    for_each_string(entry.tags, [&](std::string_view tag) { text.append(" ").append(tag); });
    return text;
}

std::vector<std::string> said(const WatchList& list) {
    std::vector<std::string> all;
    for (const WatchEntry& entry : list.entries()) all.push_back(said(entry));
    return all;
}

using Strings = std::vector<std::string>;

TEST(WatchFile, EntriesHavePathAccessesAndTags) {
    const WatchList list = parsed(
        "# who may become whom\n"
        "/etc/sudoers.d/  wa  tag=privilege tag=pci   # more\n"
        "\n"
        "\t/etc/shadow tag=credentials rwa\r\n"
        "/etc/hosts\n"
        "/usr/bin/su x");
    EXPECT_EQ(said(list), (Strings{"/etc/sudoers.d/ wa privilege pci", "/etc/shadow rwa credentials",
                                   "/etc/hosts wa watch", "/usr/bin/su x watch"}));
}

TEST(WatchFile, QuotesHoldBlanksAndOddBytes) {
    const WatchList list = parsed(
        R"("/srv/my files/" tag="two words" r
/srv/"a \"b\" #\\\n\x01"/c wa tag=a#b)");
    ASSERT_EQ(list.entries().size(), 2u);
    EXPECT_EQ(said(list.entries()[0]), "/srv/my files/ r two words");
    EXPECT_EQ(said(list.entries()[1]), "/srv/a \"b\" #\\\n\x01/c wa a#b");
}

TEST(WatchFile, TheRootIsATree) {
    EXPECT_EQ(parsed("/ x").entries()[0].path, "/");
    EXPECT_TRUE(parsed("/ x").entries()[0].is_tree);
}

TEST(WatchFile, ALineReadsAsTheEntryAgain) {
    for (const char* text :
         {"/etc/shadow rwa tag=credentials", "\"/srv/my files/\" r tag=\"two words\" tag=b",
          R"("/srv/\xff\\*#\x7f" a tag="#x")", "/ x tag=é", "/home/*/.ssh/ wa tag=\"a\\\"b\"",
          "/x\"#\" wa"}) {
        const WatchList list = parsed(text);
        ASSERT_EQ(list.entries().size(), 1u) << text;
        const std::string line = watch_line(list.entries()[0]);
        EXPECT_EQ(said(parsed(line)), said(list)) << line;
    }
    WatchEntry linked = parsed("/usr/bin/su x").entries()[0];
    linked.link = "/bin/su";
    EXPECT_EQ(watch_line(linked),
              "/usr/bin/su                              x    tag=watch  # where /bin/su leads");
}

TEST(WatchFile, Errors) {
    std::ifstream file(kErrors);
    ASSERT_TRUE(file) << kErrors;
    std::string wrong, all;
    std::size_t blocks = 0;
    bool in_block = false;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#')) {
            all += line + '\n';
            in_block = false;
            continue;
        }
        if (in_block) {
            EXPECT_EQ(refusal(wrong), line) << wrong;
            continue;
        }
        ++blocks;
        wrong = line;
        in_block = true;
        EXPECT_NE(refusal(wrong), "") << wrong;
        all += line + '\n' + refusal(line) + '\n';
    }
    EXPECT_GT(blocks, 15u);
    const char* update = std::getenv("UPDATE_GOLDEN");
    if (update && *update) std::ofstream(kErrors) << all;
}

TEST(WatchFile, ErrorsCountLines) {
    EXPECT_TRUE(
        refusal("/etc/shadow\n# x\n\n  etc/x\n/y z").starts_with("x:4:3: 'etc/x' is no absolute path"));
    EXPECT_TRUE(refusal("/etc/\x01 wa").starts_with("x:1:6: a control character")) << refusal("/etc/\x01 wa");
    EXPECT_NE(refusal("/" + std::string(5000, 'a')).find("longer than a path can be"), std::string::npos);
    EXPECT_NE(refusal("\xe2\x80\xae").find("'\\u202e'"), std::string::npos);
}

TEST(WatchFile, TheBuiltInOneIsRight) {
    const auto list = parse_watch_file(built_in_watch_file(), "built-in");
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_GT(list->entries().size(), 60u);
    EXPECT_EQ(said(*list), said(built_in_watch_list()));
    Strings again;
    for (const WatchEntry& entry : list->entries()) {
        EXPECT_NE(entry.tags, std::string(kWatchTag) + '\0') << entry.path;
        again.push_back(said(parsed(watch_line(entry)).entries()[0]));
    }
    EXPECT_EQ(again, said(*list));
}

// Every example of the page: blocks marked `watch` are watch files, those marked `filter` expressions.
TEST(WatchPage, ItsExamplesWork) {
    std::ifstream file(kPage);
    ASSERT_TRUE(file) << kPage;
    std::string block;
    std::size_t entries = 0, expressions = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("```")) {
            block = block.empty() ? line : "";
            continue;
        }
        if (block == "```watch") {
            EXPECT_EQ(refusal(line), "") << line;
            entries += !line.empty() && !line.starts_with('#');
        }
        if (block == "```filter") {
            const auto expression = Expression::compile(line);
            EXPECT_TRUE(expression) << line << "\n" << (expression ? "" : expression.error().message);
            ++expressions;
        }
    }
    EXPECT_GT(entries, 5u);
    EXPECT_GT(expressions, 2u);
}

}  // namespace
}  // namespace whodid
