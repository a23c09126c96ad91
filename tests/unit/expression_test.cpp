// SPDX-License-Identifier: Apache-2.0
// Expressions: what meets them, what is wrong with them, what they cost.
#include "filter/expression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "unit/allocations.h"
#include "unit/sample_events.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(__FILE__).parent_path() / "../data/filter";
const fs::path kPage = fs::path(__FILE__).parent_path() / "../../docs/filters.md";

Expression compiled(const std::string& text) {
    auto expression = Expression::compile(text);
    if (expression) return std::move(*expression);
    ADD_FAILURE() << expression.error().message;
    return *Expression::compile("exists time");
}

std::string refusal(std::string_view text) {
    const auto expression = Expression::compile(text);
    return expression ? "" : expression.error().message;
}

std::string normal(const std::string& text) { return compiled(text).text(); }

std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

struct ExpressionTest : testing::Test {
    const test::SampleEvents samples;
    Scratch scratch;

    bool holds(Expression& expression, const Event& event) {
        scratch.reset();
        return expression.holds(event, scratch);
    }
    /// The names of the events that meet it, parted by blanks; "none".
    std::string matching(const std::string& text) {
        Expression expression = compiled(text);
        std::string names;
        for (const auto& [name, event] : samples.all())
            if (holds(expression, event)) names += (names.empty() ? "" : " ") + name;
        return names.empty() ? "none" : names;
    }
    std::size_t allocations_of(Expression& expression) {
        const test::Allocations allocations;
        for (const auto& [name, event] : samples.all()) holds(expression, event);
        return allocations.count();
    }
};

std::string sorted(const std::string& words) {
    std::istringstream in(words);
    std::vector<std::string> list{std::istream_iterator<std::string>(in), {}};
    std::ranges::sort(list);
    std::string out;
    for (const std::string& word : list) out += word + ' ';
    return out;
}

TEST_F(ExpressionTest, TheTable) {
    std::string expression;
    std::size_t rows = 0;
    for (const std::string& line : lines_of(kData / "expressions.txt")) {
        if (line.empty() || line.starts_with('#')) continue;
        if (!line.starts_with(' ')) {
            expression = line;
            continue;
        }
        ++rows;
        EXPECT_EQ(sorted(matching(expression)), sorted(line)) << expression;
        const std::string once = normal(expression);
        EXPECT_EQ(normal(once), once);
        EXPECT_EQ(matching(once), matching(expression)) << once;
    }
    EXPECT_GT(rows, 100u);
}

// Blocks: the expression, then the message it gets. To look at what a change makes of all of them:
//     UPDATE_GOLDEN=1 build/tests/unit --gtest_filter=ExpressionTest.Errors
TEST_F(ExpressionTest, Errors) {
    const fs::path path = kData / "errors.txt";
    std::map<std::string, std::string> said;
    std::string expression, all;
    bool in_block = false;
    for (const std::string& line : lines_of(path)) {
        if (line.starts_with('#') || line.empty()) {
            in_block = false;
            all += line + '\n';
            continue;
        }
        if (!in_block) {
            expression = line;
            said[expression];
            all += line + '\n' + refusal(line) + '\n';
        } else {
            said[expression] += (said[expression].empty() ? "" : "\n") + line;
        }
        in_block = true;
    }
    const char* update = std::getenv("UPDATE_GOLDEN");
    if (update && *update) {
        std::ofstream(path) << all;
        return;
    }
    EXPECT_GT(said.size(), 40u);
    for (const auto& [text, message] : said) EXPECT_EQ(refusal(text), message) << text;
}

TEST(ExpressionErrors, ShowOddBytesAndLongExpressions) {
    EXPECT_EQ(refusal(""), "column 1: expected a field, `exists`, `not` or '(', not the end\n    \n    ^");
    EXPECT_EQ(refusal("user ==\n\xe2\x80\xae x"),
              "column 10: this has no meaning here; text is quoted: \"*.so\"\n"
              "    user ==\\n\\u202e x\n"
              "             ^~~~~~");
    EXPECT_EQ(refusal("user == \"日本\" x"),
              "column 16: expected `and`, `or` or the end, not 'x'\n"
              "    user == \"日本\" x\n"
              "                   ^");
    const std::string filler = "user == \"" + std::string(200, 'a') + "\"";
    EXPECT_EQ(refusal(filler + " nad " + filler),
              "column 212: expected `and`, `or` or the end, not 'nad'\n    …" + std::string(58, 'a') +
                  "\" nad user == \"" + std::string(50, 'a') + "…\n" + std::string(65, ' ') + "^~~");
}

TEST(ExpressionBounds, LengthNestingTermsAndPatterns) {
    const auto repeated = [](std::string_view what, std::size_t times) {
        std::string text;
        for (std::size_t i = 0; i < times; ++i) text += what;
        return text;
    };
    const std::string nested =
        repeated("(", kFilterNestingMax) + "pid == 1" + repeated(")", kFilterNestingMax);
    EXPECT_EQ(normal(nested), "process.pid == 1");
    EXPECT_TRUE(refusal("(" + nested + ")").starts_with("column 65: more than 64 parentheses are open\n"));
    EXPECT_EQ(normal(repeated("not ", 10'000) + "pid == 1"), "process.pid == 1");
    EXPECT_EQ(normal(repeated("!", 10'001) + "pid == 1"), "not process.pid == 1");

    const std::string most = repeated("pid==1 or ", kFilterTermsMax - 1) + "pid==1";
    EXPECT_EQ(refusal(most), "");
    EXPECT_NE(refusal(most + " or pid==1").find("more than 4096 terms"), std::string::npos);
    EXPECT_NE(refusal(std::string(kFilterBytesMax + 1, ' ')).find("at most 65536 bytes, this one 65537"),
              std::string::npos);

    const std::string patterns =
        repeated("path matches \"x\" or ", kFilterPatternsMax - 1) + "path matches \"x\"";
    EXPECT_EQ(refusal(patterns), "");
    EXPECT_NE(refusal(patterns + " or path matches \"x\"").find("more than 32 `matches`"), std::string::npos);
    EXPECT_NE(refusal("path matches \"((a{100}){100}){100}\"").find("not a regular expression of RE2"),
              std::string::npos);
}

TEST(ExpressionText, HasOneSpelling) {
    EXPECT_EQ(normal("user=='al\"ice'&&!exists preload"),
              R"(user.name == "al\"ice" and not exists whodid.process.preload)");
    EXPECT_EQ(normal("((pid == 1) and (pid == 2 and (pid == 3)))"),
              "process.pid == 1 and process.pid == 2 and process.pid == 3");
    EXPECT_EQ(normal("pid == 1 or (pid == 2 or uid == 3) and pid == 4"),
              "process.pid == 1 or (process.pid == 2 or process.real_user.id == 3) and process.pid == 4");
    EXPECT_EQ(normal("not (pid == 1 or uid == 2)"), "not (process.pid == 1 or process.real_user.id == 2)");
    EXPECT_EQ(normal("not (not (pid == 1))"), "process.pid == 1");
    EXPECT_EQ(normal("kind in {exec, file, whodid.file.open, start}"),
              "event.name in {process.exec, file, file.open, start}");
    EXPECT_EQ(normal("session in~ {118, 'x'}"), R"(session.id in~ {"118", "x"})");
    EXPECT_EQ(normal("fileless"), "whodid.process.fileless == true");
    EXPECT_EQ(normal("whodid.process.duration > 1h0.5s"), "whodid.process.duration > 3600.5s");
    EXPECT_EQ(normal("peer in {2001:DB8:0::/32, ::ffff:1.2.3.4, '/run/x', 10.0.0.0/8}"),
              R"(network.peer.address in {2001:db8::/32, 1.2.3.4, "/run/x", 10.0.0.0/8})");
    EXPECT_EQ(normal("path == '\\\t\xff'"), R"(file.path == "\\\x09\xff")");
    EXPECT_EQ(normal("path == \"é\""), "file.path == \"é\"");
    EXPECT_EQ(normal("path == \"\xe2\x80\xae\""), R"(file.path == "\xe2\x80\xae")");
}

TEST(ExpressionText, GathersWhatIsAskedOfOneField) {
    EXPECT_EQ(normal("pid == 1 or pid == 2 or uid == 0 or pid in {3, 4}"),
              "process.pid in {1, 2, 3, 4} or process.real_user.id == 0");
    EXPECT_EQ(normal("(pid == 1 or pid == 2) and uid == 0"),
              "process.pid in {1, 2} and process.real_user.id == 0");
    EXPECT_EQ(normal("not pid == 1 and uid == 0 and not pid == 2"),
              "not process.pid in {1, 2} and process.real_user.id == 0");
    EXPECT_EQ(normal("not (not pid == 1 and not pid == 2)"), "process.pid in {1, 2}");
    EXPECT_EQ(normal("peer == 10.0.0.1 or peer in {192.168.0.0/16, '/run/x'}"),
              R"(network.peer.address in {10.0.0.1, 192.168.0.0/16, "/run/x"})");
    // What means something else stays: two values at once, text without its case, what is not a set.
    for (const char* other :
         {"process.pid == 1 and process.pid == 2", "not process.pid == 1 or not process.pid == 2",
          "process.pid != 1 or process.pid != 2", R"(file.path == "/a" or file.path ==~ "/b")",
          "whodid.process.fileless == true or whodid.process.fileless == false"})
        EXPECT_EQ(normal(other), other);
    EXPECT_TRUE(refusal("pid == 1 or pid == x").starts_with("column 20: process.pid is an int"));
    EXPECT_TRUE(
        refusal("peer == ::1 or peer == 10.0.0.0/8").starts_with("column 24: a network goes with `in`"));
}

TEST(ExpressionTree, TellsTypesAndPlaces) {
    EXPECT_EQ(compiled("user == \"alice\" and not (dport in {22} or kind == file)").tree(),
              "and\n"
              "  user.name == \"alice\"           string           kernel, userspace\n"
              "  not\n"
              "    or\n"
              "      network.peer.port in {22}  int              kernel\n"
              "      event.name == file         kind             kernel\n");
}

TEST_F(ExpressionTest, SetsOfAThousand) {
    std::string paths = "path in {\"/etc/passwd\"", ports = "dport in {22", networks = "peer in {10.1.2.3";
    for (int i = 0; i < 1000; ++i) {
        paths += ", \"/var/lib/x" + std::to_string(i) + "\"";
        ports += ", " + std::to_string(10'000 + i);
        networks += ", 172.16." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    }
    EXPECT_EQ(matching(paths + "}"), "read");
    EXPECT_EQ(matching(ports + "}"), "ssh");
    EXPECT_EQ(matching(networks + "}"), "mapped");
}

// The fields too: all but the sentence, and names of the kernel's BPF enums, which are put together each
// time.
TEST_F(ExpressionTest, EvaluationAllocatesNothing) {
    std::vector<std::string> texts = {
        "user == \"alice\" and (kind == file.open and path startswith \"/etc/\" or dport in {22, 3306}) and "
        "not exe "
        "glob \"/usr/lib/*\"",
        "path matches \"^/etc/.*d$\" or args matches~ \"HTTP\"",
        "path glob~ \"*/REPORT.*\" or path in~ {\"/A\", \"/TMP/REPORT.TXT\"} or path contains~ \"SSH\"",
        "peer in {10.0.0.0/8, 2001:db8::/32, \"/run/docker.sock\"} or local == 10.0.0.5 or client != ::1",
        "whodid.process.duration > 5s or outcome == failure or fileless or args != \"-c\"",
    };
    for (const Kind& kind : kinds())
        for_each_field(kind, [&](const Field& field) {
            if (field.key != "message" && !kind.internal) texts.push_back("exists " + std::string(field.key));
        });
    std::size_t warming = 0;
    for (const std::string& text : texts) {
        Expression expression = compiled(text);
        warming += allocations_of(expression);  // the scratch, states of patterns
        EXPECT_EQ(allocations_of(expression), 0u) << text;
    }
    EXPECT_GT(warming, 0u) << "they are counted";
}

// A field's type is its key's: an expression does not know the kind beforehand.
TEST(ExpressionFields, EachKeyAndAliasHasOneMeaning) {
    std::map<std::string_view, Type> types;
    std::map<std::string_view, std::string_view> keys;
    for (const Kind& kind : kinds())
        for_each_field(kind, [&](const Field& field) {
            EXPECT_EQ(types.emplace(field.key, field.type).first->second, field.type) << field.key;
            if (field.alias.empty()) return;
            EXPECT_EQ(keys.emplace(field.alias, field.key).first->second, field.key) << field.alias;
        });
}

// Every example of the page: blocks marked `filter`, one expression a line.
TEST(ExpressionPage, ItsExamplesWork) {
    bool in_block = false;
    std::size_t examples = 0;
    for (const std::string& line : lines_of(kPage)) {
        if (line.starts_with("```")) {
            in_block = line == "```filter";
            continue;
        }
        if (!in_block) continue;
        ++examples;
        EXPECT_EQ(refusal(line), "") << line;
    }
    EXPECT_GT(examples, 10u);
}

}  // namespace
}  // namespace whodid
