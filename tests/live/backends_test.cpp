// SPDX-License-Identifier: Apache-2.0
// One truth: the scenarios that pass with the backend this kernel has got pass by its tracepoints alone.
// What may differ is listed in ARCHITECTURE.md, "Two backends, one body".
#include <cstdlib>
#include <filesystem>

#include "sensor.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Backends : public SensorTest {};

TEST_F(Backends, TheSameScenariosByTracepointsAlone) {
    if (sensor_->about().find("tracepoint backend") != std::string::npos)
        GTEST_SKIP() << "the only backend that this kernel allows, or that it is run with";
    RunOptions options;
    options.cwd = std::filesystem::current_path();
    options.limit = milliseconds(600'000);
    options.env = {"WHODID_BACKEND=tracepoint", "WHODID=" + sensor_program()};
    if (const char* patience = std::getenv("WHODID_PATIENCE"))
        options.env.push_back(std::string("WHODID_PATIENCE=") + patience);
    const auto again =
        run_in(this_world(),
               {"/proc/self/exe", "--gtest_filter=*FileOpen*:*FileChange*:Network.*:AuthTest.*:Identity.*"},
               options);
    EXPECT_TRUE(exited(0, again));
    EXPECT_TRUE(again && again->out.find("[  PASSED  ]") != std::string::npos);
}

}  // namespace
}  // namespace whodid::live
