// SPDX-License-Identifier: Apache-2.0
// For tests on a stage: one stage for the whole test program, and assertions whose failures tell why.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "stage.h"

namespace whodid::live {

/// The stage that all suites of a program share: built at the first call, gone after the last test.
class SharedStage : public testing::Environment {
public:
    Result<const Stage*> get() {
        if (!made_) made_.emplace(Stage::create());
        if (!*made_) return made_->error();
        return static_cast<const Stage*>((*made_)->get());
    }
    void TearDown() override { made_.reset(); }

private:
    std::optional<Result<std::unique_ptr<Stage>>> made_;
};

// Before main, as GoogleTest wants its environments.
inline SharedStage& the_shared_stage =
    *static_cast<SharedStage*>(testing::AddGlobalTestEnvironment(new SharedStage));

inline Result<const Stage*> shared_stage() { return the_shared_stage.get(); }

/// ASSERT_TRUE(worked(...))
template <class T>
testing::AssertionResult worked(const Result<T>& result) {
    if (result) return testing::AssertionSuccess();
    return testing::AssertionFailure() << result.error().message;
}

/// ASSERT_TRUE(exited(0, ...)): the program ran to its end, with this exit status or 128 + signal.
inline testing::AssertionResult exited(int code, const Result<RunResult>& result) {
    if (!result) return worked(result);
    if (result->exit_code() == code) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected exit status " << code << ", but " << result->to_string();
}

}  // namespace whodid::live
