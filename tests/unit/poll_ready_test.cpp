// SPDX-License-Identifier: Apache-2.0
#include "app/poll_ready.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/clock.h"
#include "base/fd.h"

namespace whodid {
namespace {

/// Runs f in a process that may have no more than so many descriptors; what it returns.
template <class F>
int with_descriptors(rlim_t most, F f) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        rlimit limit{};
        const bool is_set = ::getrlimit(RLIMIT_NOFILE, &limit) == 0;
        limit.rlim_cur = most;
        ::_exit(is_set && ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? f() : 99);
    }
    int status = -1;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(PollReadyTest, SaysWhatIsReady) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const Fd reads(ends[0]), writes(ends[1]);
    std::array<pollfd, 2> fds = {{{reads.get(), POLLIN, 0}, {writes.get(), POLLOUT, 0}}};
    EXPECT_EQ(poll_ready(fds, -1), 1);
    EXPECT_EQ(fds[0].revents, 0);
    EXPECT_EQ(fds[1].revents, POLLOUT);
}

TEST(PollReadyTest, WaitsWhereItMayNotHaveSoManyDescriptors) {
    EXPECT_EQ(with_descriptors(1,
                               [] {
                                   std::array<pollfd, 2> fds = {{{STDOUT_FILENO, 0, POLLIN}, {-1, 0, 0}}};
                                   if (::poll(fds.data(), fds.size(), 0) != -1) return 1;
                                   const std::uint64_t begin_ns = monotonic_now_ns();
                                   if (poll_ready(fds, 30) != 0) return 2;
                                   if (monotonic_now_ns() - begin_ns < 30'000'000) return 3;
                                   return fds[0].revents == 0 ? 0 : 4;
                               }),
              0);
}

}  // namespace
}  // namespace whodid
