// SPDX-License-Identifier: Apache-2.0
// What the sinks of a configuration leave behind.
#include "app/make_sinks.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/directory.h"

namespace whodid::test {
namespace {

TEST(MakeSinks, SpoolsOfNoSinkAreSaid) {
    const Directory state;
    for (const char* name : {"collector", "old", "done"})
        std::filesystem::create_directory(state.path + "/" + name);
    std::ofstream(state.path + "/collector/rest-0000000000000001.seg") << "1234";
    std::ofstream(state.path + "/old/rest-0000000000000001.seg") << "1234";
    std::ofstream(state.path + "/old/vital-0000000000000002.seg") << "56";
    std::ofstream(state.path + "/done/position") << "1234";
    std::ofstream(state.path + "/files.key") << "1234";
    SinkSettings collector, files;
    collector.name = "collector";
    collector.type = SinkType::kOtlp;
    files.name = "old";
    files.type = SinkType::kJsonLines;
    const auto said = orphaned_spools({collector, files}, state.path);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_NE(said[0].find(state.path + "/old holds 6 bytes"), std::string::npos) << said[0];
    EXPECT_TRUE(orphaned_spools({collector}, state.path + "/none").empty());
}

}  // namespace
}  // namespace whodid::test
