// SPDX-License-Identifier: Apache-2.0
// auditd's rules as watch files: tests/data/watch/audit.rules against audit.watch, what is watched, and
// audit.remarks, what a watch list does not say of it. After a change that is meant, look at the difference
// that
//     UPDATE_GOLDEN=1 build/tests/unit --gtest_filter='AuditImport.*'
// makes.
#include "filter/audit_import.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "filter/expression.h"
#include "filter/watch_file.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;
using Fate = AuditRemark::Fate;

const fs::path kData = fs::path(__FILE__).parent_path() / "../data/watch";

std::string contents(const fs::path& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

AuditImport imported(std::string_view rules) {
    return import_audit_rules(rules, [](const std::string& path) { return path == "/etc/sudoers.d"; });
}

std::string lines(const AuditImport& import) {
    std::string text;
    for (const WatchEntry& entry : import.entries) text += watch_line(entry) + "\n";
    return text;
}

std::string remarks(const AuditImport& import) {
    constexpr std::string_view kFates[] = {"setting", "no watch", "wider", "LOST"};
    std::string text;
    for (const AuditRemark& r : import.remarks)
        text += fmt::format("{}: {}: {}\n", r.line, kFates[static_cast<std::size_t>(r.fate)], r.reason);
    return text;
}

void compare(const char* name, const std::string& got) {
    const char* update = std::getenv("UPDATE_GOLDEN");
    if (update && *update) std::ofstream(kData / name) << got;
    EXPECT_EQ(contents(kData / name), got) << name;
}

TEST(AuditImport, RulesOfEverySort) {
    const AuditImport import = imported(contents(kData / "audit.rules"));
    compare("audit.watch", lines(import));
    compare("audit.remarks", remarks(import));
    EXPECT_GT(import.entries.size(), 25u);
    EXPECT_GT(import.count(Fate::kLost), 15u);
    EXPECT_EQ(import.count(Fate::kWider), 8u);
}

TEST(AuditImport, WhatItMakesIsAWatchFile) {
    const AuditImport import = imported(contents(kData / "audit.rules"));
    const auto list = parse_watch_file(lines(import), "import");
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_TRUE(std::ranges::equal(list->entries(), import.entries));
}

// Each filter that is proposed is one, as a shell takes it.
TEST(AuditImport, TheFiltersItNamesAreFilters) {
    std::size_t filters = 0;
    for (const AuditRemark& remark : imported(contents(kData / "audit.rules")).remarks) {
        constexpr std::string_view kOption = "--filter '", kQuote = "'\\''";
        const std::size_t at = remark.reason.find(kOption);
        if (at == std::string::npos) continue;
        ++filters;
        std::string text = remark.reason.substr(at + kOption.size());
        for (std::size_t q = 0; (q = text.find(kQuote, q)) != std::string::npos; ++q)
            text.replace(q, kQuote.size(), "\x01");
        text.resize(text.find('\''));
        std::ranges::replace(text, '\x01', '\'');
        const auto expression = Expression::compile(text);
        EXPECT_TRUE(expression) << remark.reason << (expression ? "" : "\n" + expression.error().message);
    }
    EXPECT_GT(filters, 15u);
}

TEST(AuditImport, ADirectoryThatIsThereIsATree) {
    const AuditImport import =
        imported("-w /etc/sudoers.d\n-w /etc/sudoers\n-F path=/etc/sudoers.d -a always,exit");
    ASSERT_EQ(import.entries.size(), 3u);
    EXPECT_TRUE(import.entries[0].is_tree);
    EXPECT_FALSE(import.entries[1].is_tree);
    EXPECT_FALSE(import.entries[2].is_tree) << "path= is that file alone";
    EXPECT_TRUE(import.remarks.empty());
}

TEST(AuditImport, OddBytesAreShownAsSuch) {
    const AuditImport import =
        imported(std::string("-w /x\x1b[2J -p wa -k \x1b]0;a\n-w x\x1b[2J\n-a \0,exit\n", 40));
    ASSERT_EQ(import.entries.size(), 1u);
    EXPECT_EQ(lines(import).find('\x1b'), std::string::npos);
    EXPECT_EQ(remarks(import).find('\x1b'), std::string::npos);
    EXPECT_EQ(import.count(Fate::kLost), 2u);
}

TEST(AuditImport, APathLongerThanOneCanBeIsRefused) {
    const AuditImport import = imported("-w /" + std::string(5000, 'x') + " -p wa\n");
    EXPECT_TRUE(import.entries.empty());
    EXPECT_EQ(import.count(Fate::kLost), 1u);
}

}  // namespace
}  // namespace whodid
