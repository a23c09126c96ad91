// SPDX-License-Identifier: Apache-2.0
// Assertions for tests on a stage: ASSERT_TRUE(worked(...)), ASSERT_TRUE(exited(0, ...)). A failure tells
// why.
#pragma once

#include <gtest/gtest.h>

#include "stage_process.h"

namespace whodid::live {

template <class T>
testing::AssertionResult worked(const Result<T>& result) {
    if (result) return testing::AssertionSuccess();
    return testing::AssertionFailure() << result.error().message;
}

/// The program ran to its end and gave this exit status (128 + signal if one killed it).
inline testing::AssertionResult exited(int code, const Result<RunResult>& result) {
    if (!result) return worked(result);
    if (result->exit_code() == code) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected exit status " << code << ", but " << result->to_string();
}

}  // namespace whodid::live
