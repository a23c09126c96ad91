// SPDX-License-Identifier: Apache-2.0
// What people type.
#include "app/options.h"

#include <gtest/gtest.h>

#include <map>

#include "base/nearest.h"

namespace whodid {
namespace {

std::uint64_t ns(std::string_view text) {
    const auto parsed = parse_duration(text);
    return parsed ? *parsed : 0;
}

TEST(Duration, Units) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    EXPECT_EQ(ns("30"), 30 * kSecond);
    EXPECT_EQ(ns("30s"), 30 * kSecond);
    EXPECT_EQ(ns("5m"), 300 * kSecond);
    EXPECT_EQ(ns("1h"), 3600 * kSecond);
    EXPECT_EQ(ns("2d"), 172800 * kSecond);
    EXPECT_EQ(ns("250ms"), kSecond / 4);
    EXPECT_EQ(ns("1.5s"), 3 * kSecond / 2);
    EXPECT_EQ(ns("0.5"), kSecond / 2);
    EXPECT_EQ(ns("1h30m"), 5400 * kSecond);
}

TEST(Duration, Refusals) {
    for (const char* text : {"", "x", "5x", "s", "-5", "+5", "5 s", "5m30", "0", "0s", "1e3", "nan", "inf",
                             "99999999d", "5s5", "0x10"}) {
        const auto parsed = parse_duration(text);
        EXPECT_FALSE(parsed) << text;
        if (!parsed) {
            EXPECT_NE(parsed.error().message.find(std::string("'") + text + "'"), std::string::npos);
        }
    }
}

TEST(Size, Units) {
    EXPECT_EQ(*parse_size("0"), 0u);
    EXPECT_EQ(*parse_size("4096"), 4096u);
    EXPECT_EQ(*parse_size("64K"), 65536u);
    EXPECT_EQ(*parse_size("64k"), 65536u);
    EXPECT_EQ(*parse_size("16M"), 16u << 20);
    EXPECT_EQ(*parse_size("16MiB"), 16u << 20);
    EXPECT_EQ(*parse_size("2G"), 2ull << 30);
    for (const char* text :
         {"", "K", "5T", "5KK", "-1", "1.5M", "5 K", "99999999999999999999", "99999999999999999G"})
        EXPECT_FALSE(parse_size(text)) << text;
}

TEST(CanaryPeriod, IsASecondAtLeast) {
    EXPECT_EQ(*parse_period("1s"), 1'000'000'000u);
    for (const char* text : {"0", "999ms", "x"}) EXPECT_FALSE(parse_period(text)) << text;
}

TEST(RingSize, PowersOfTwo) {
    EXPECT_EQ(*parse_ring_size("4K"), 4096u);
    EXPECT_EQ(*parse_ring_size("1G"), 1u << 30);
    for (const char* text : {"65K", "2K", "2G", "0", "3M", "x"}) EXPECT_FALSE(parse_ring_size(text)) << text;
    LoadOptions load;
    load.tracepoints_only = true;
    set_ring_size(load, 64 << 10);
    EXPECT_EQ(load.ring_bytes, 64u << 10);
    EXPECT_EQ(load.vital_ring_bytes, 1u << 20);
    set_ring_size(load, 64 << 20);
    EXPECT_EQ(load.vital_ring_bytes, 32u << 20);
    EXPECT_TRUE(load.tracepoints_only);
}

TEST(BudgetOptions, HaveTheirUnit) {
    EXPECT_DOUBLE_EQ(*parse_max_events("20/s"), 20);
    EXPECT_DOUBLE_EQ(*parse_max_events("0.5/s"), 0.5);
    EXPECT_DOUBLE_EQ(*parse_max_bytes("5MB/day"), 5e6);
    EXPECT_DOUBLE_EQ(*parse_max_bytes("1.5GB/day"), 1.5e9);
    EXPECT_DOUBLE_EQ(*parse_max_bytes("500KB/day"), 5e5);
    EXPECT_DOUBLE_EQ(*parse_max_bytes("4096/day"), 4096);
    EXPECT_DOUBLE_EQ(*parse_max_cpu("2%"), 2);
    EXPECT_DOUBLE_EQ(*parse_max_cpu("0.5%"), 0.5);
    for (auto* parse : {parse_max_events, parse_max_bytes, parse_max_cpu}) {
        EXPECT_EQ(*parse("none"), 0);
        for (const char* text :
             {"", "0", "5", "-5/s", "0/s", "0%", "0MB/day", "nan/s", "inf%", "101%", "5 /s", "5/", "5/m",
              "5MB", "5MiB/day", "MB/day", "9999999GB/day", "2%x", "None"})
            EXPECT_FALSE(parse(text)) << text;
    }
}

TEST(Numbers, Refusals) {
    EXPECT_EQ(*parse_pid("4188"), 4188u);
    EXPECT_EQ(*parse_count("5000000000"), 5'000'000'000u);
    for (const char* text : {"", "0", "-1", "1x", "99999999"}) EXPECT_FALSE(parse_pid(text)) << text;
    for (const char* text : {"", "0", "-1", "1x", " 1"}) EXPECT_FALSE(parse_count(text)) << text;
}

TEST(Nearest, Names) {
    EXPECT_EQ(nearest_name("tarce", {"trace", "check", "fields"}), "trace");
    EXPECT_EQ(nearest_name("procces.exec", {"process.exit", "process.exec"}), "process.exec");
    EXPECT_EQ(nearest_name("zzzz", {"trace", "check"}), "");
    EXPECT_EQ(nearest_name("", {"trace"}), "");
    EXPECT_EQ(did_you_mean("exce", {"exec"}), ", did you mean 'exec'?");
    EXPECT_EQ(did_you_mean("zzzz", {"exec"}), "");
}

TEST(Fields, AliasesAndKeys) {
    const auto keys = resolve_fields({"user", "process.pid", "path"});
    ASSERT_TRUE(keys);
    EXPECT_EQ(*keys, (std::vector<std::string>{"user.name", "process.pid", "file.path"}));
    const auto wrong = resolve_fields({"user", "usr"});
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("'usr', did you mean 'user'?"), std::string::npos);
}

// An alias is one key, on whatever kind it stands.
TEST(Fields, AliasesAreUnambiguous) {
    std::map<std::string_view, std::string_view> key_of;
    for (const Kind& kind : kinds())
        for_each_field(kind, [&](const Field& field) {
            if (field.alias.empty()) return;
            const auto [at, made] = key_of.emplace(field.alias, field.key);
            EXPECT_EQ(at->second, field.key) << field.alias;
        });
}

TEST(Color, Order) {
    using M = ColorMode;
    const auto color = [](M mode, bool tty, ColorEnvironment e) { return wants_color(mode, tty, e); };
    EXPECT_TRUE(color(M::kAuto, true, {.term = "xterm"}));
    EXPECT_FALSE(color(M::kAuto, false, {.term = "xterm"}));
    EXPECT_FALSE(color(M::kAuto, true, {.term = "dumb"}));
    EXPECT_FALSE(color(M::kAuto, true, {}));
    EXPECT_FALSE(color(M::kAuto, true, {.no_color = "1", .term = "xterm"}));
    EXPECT_TRUE(color(M::kAuto, true, {.no_color = "", .term = "xterm"})) << "set, but empty";
    EXPECT_FALSE(color(M::kAuto, true, {.no_color = "1", .clicolor_force = "1", .term = "xterm"}));
    EXPECT_TRUE(color(M::kAuto, false, {.clicolor_force = "1"}));
    EXPECT_FALSE(color(M::kAuto, false, {.clicolor_force = "0"}));
    EXPECT_TRUE(color(M::kAuto, false, {.force_color = "1", .term = "dumb"}));
    EXPECT_TRUE(color(M::kAlways, false, {.no_color = "1", .term = "dumb"}));
    EXPECT_FALSE(color(M::kNever, true, {.clicolor_force = "1", .term = "xterm"}));
}

TEST(FilterOptions, OfAView) {
    ViewOptions view;
    EXPECT_TRUE(filter_options(view).conditions.empty());
    view.sessions = {"118"};
    view.exes = {"vim*"};
    view.paths = {"/etc/*"};
    view.pids = {1, 2};
    view.users = {"alice"};
    view.tree_pid = 7;
    view.failed_only = view.everything = true;
    view.kinds = {"exec"};
    const FilterOptions filter = filter_options(view);
    ASSERT_EQ(filter.conditions.size(), 4u);
    EXPECT_EQ(filter.conditions[3].globs, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(filter.users, view.users);
    EXPECT_EQ(filter.tree_pid, 7u);
    EXPECT_TRUE(filter.failed_only && filter.everything);
    EXPECT_EQ(filter.kinds, view.kinds);
}

}  // namespace
}  // namespace whodid
