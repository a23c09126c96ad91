// SPDX-License-Identifier: Apache-2.0
// Expressions: what meets them, what is wrong with them, what they cost.
#include "filter/expression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <sstream>

#include "unit/sample_events.h"

namespace {
bool counting = false;
std::size_t allocations = 0;
}  // namespace

// Every allocation of this program, while it is asked for.
void* operator new(std::size_t bytes) {
    if (counting) ++allocations;
    if (void* memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

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
        allocations = 0;
        counting = true;
        for (const auto& [name, event] : samples.all()) holds(expression, event);
        counting = false;
        return allocations;
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

}  // namespace
}  // namespace whodid
