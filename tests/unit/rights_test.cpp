// SPDX-License-Identifier: Apache-2.0
#include "base/rights.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace whodid {
namespace {

/// In a child, which has them no longer afterwards. 0: as it was to be.
template <class F>
int in_child(F does) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(does());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr Rights kOne = right(CAP_DAC_READ_SEARCH), kTwo = kOne | right(CAP_CHOWN);

class OwnRights : public testing::Test {
protected:
    void SetUp() override {
        const auto held = rights();
        ASSERT_TRUE(held);
        if ((*held & kTwo) != kTwo) GTEST_SKIP() << "needs root's capabilities";
    }
};

TEST_F(OwnRights, WhatIsNotUsedCanBeTakenBack) {
    EXPECT_EQ(in_child([] {
                  const int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
                  if (fd < 0 || !use_rights(kOne)) return 1;
                  if (::fchown(fd, 1, 1) == 0 || errno != EPERM) return 2;
                  if (!use_rights(kTwo)) return 3;
                  return ::fchown(fd, 1, 1) == 0 ? 0 : 4;
              }),
              0);
}

TEST_F(OwnRights, WhatIsGivenUpIsGone) {
    EXPECT_EQ(in_child([] {
                  if (!keep_rights(kOne)) return 1;
                  if (*rights() != kOne) return 2;
                  if (!keep_rights(kTwo) || *rights() != kOne) return 3;
                  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
              }),
              0);
}

TEST_F(OwnRights, AProgramOfRootsHasNoMoreThanItsCaller) {
    EXPECT_EQ(in_child([] {
                  if (!keep_rights(kOne)) return 1;
                  const pid_t child = ::fork();
                  if (child == 0) {
                      ::execl("/bin/sh", "sh", "-c", "grep -qx 'CapEff:.0*4' /proc/self/status", nullptr);
                      ::_exit(9);
                  }
                  int status = 0;
                  ::waitpid(child, &status, 0);
                  return WIFEXITED(status) ? WEXITSTATUS(status) : 8;
              }),
              0);
}

}  // namespace
}  // namespace whodid
