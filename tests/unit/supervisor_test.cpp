// SPDX-License-Identifier: Apache-2.0
// What a supervisor says of its workers.
#include "app/supervisor.h"

#include <gtest/gtest.h>

#include <csignal>

namespace whodid {
namespace {

TEST(Supervisor, HowAWorkerEnded) {
    EXPECT_EQ(describe_end(SIGKILL), "was killed by SIGKILL");
    EXPECT_EQ(describe_end(SIGSEGV | 0x80), "was killed by SIGSEGV") << "with a core";
    EXPECT_EQ(describe_end(3 << 8), "ended with status 3");
}

}  // namespace
}  // namespace whodid
