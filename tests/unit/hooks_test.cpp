// SPDX-License-Identifier: Apache-2.0
// The table of hooks against the sources of the kernel side.
#include "source/hooks.h"

#include <gtest/gtest.h>
#include <whodid/record.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

#include "event/kinds.h"

namespace whodid {
namespace {

/// Names of the programs in bpf/*.bpf.c.
std::set<std::string> programs() {
    const std::regex exit_hook(R"(^ON_(?:EXIT|SHARED_EXIT|COMPAT_EXIT|SECURITY|SECURITY_IN)\((\w+)[,)])"),
        section(R"(^SEC\("(\??(tp|tp_btf|iter|fexit|fentry|uprobe|uretprobe)(/[^"]+)?)\"\))"),
        function(R"(^int (BPF_PROG\()?(\w+))");
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("bpf")) {
        if (!entry.path().string().ends_with(".bpf.c")) continue;
        std::ifstream file(entry.path());
        std::smatch match;
        bool in_section = false;
        for (std::string line; std::getline(file, line);) {
            if (std::regex_search(line, match, exit_hook)) names.insert("on_" + match[1].str());
            if (in_section && std::regex_search(line, match, function)) names.insert(act_of(match[2].str()));
            in_section = std::regex_search(line, section);
        }
    }
    return names;
}

/// The calls that a macro of bpf/file.bpf.c is used for.
std::set<std::string> calls_of(const std::string& macro) {
    const std::regex use("^ *" + macro + R"(\((\w+)\))");
    std::ifstream file("bpf/file.bpf.c");
    std::set<std::string> calls;
    std::smatch match;
    for (std::string line; std::getline(file, line);)
        if (std::regex_search(line, match, use)) calls.insert(match[1]);
    return calls;
}

// A call that is not in the list of those that share a program would be seen by nobody.
TEST(Hooks, EveryCallThatSharesAProgramIsInIt) {
    EXPECT_GT(calls_of("CASE").size(), 20u);
    EXPECT_EQ(calls_of("CASE"), calls_of("ON_SHARED_EXIT"));
}

TEST(Hooks, TableNamesEveryProgramAndNoOther) {
    std::set<std::string> named;
    for (const HookUse& use : hook_uses())
        EXPECT_TRUE(named.insert(std::string(use.program)).second) << use.program;
    EXPECT_EQ(named, programs());
}

TEST(Hooks, EveryKindComesFromSomewhere) {
    std::set<std::uint16_t> served;
    for (const HookUse& use : hook_uses()) {
        for (const std::uint16_t kind : use.kinds) {
            EXPECT_NE(find_kind(kind), nullptr) << use.program;
            served.insert(kind);
        }
        if (!use.same_as.empty()) {
            EXPECT_NE(find_hook_use(use.same_as), nullptr) << use.same_as;
        }
    }
    for (const Kind& kind : kinds()) {
        if (!kind.internal && !is_summary(kind.id) && !kind.name.starts_with("sensor.")) {
            EXPECT_TRUE(served.contains(kind.id)) << kind.name;
        }
    }
}

}  // namespace
}  // namespace whodid
