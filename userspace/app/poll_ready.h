// SPDX-License-Identifier: Apache-2.0
// poll(2) for loops that go on whatever it says: where it cannot wait, they would spin.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <span>

namespace whodid {

/// How long it waits at most where poll(2) cannot, as when the limit of descriptors (RLIMIT_NOFILE) is below
/// the number of these; somebody may raise it again.
constexpr int kPollAgainMs = 1000;

/// How many are ready, at most `timeout_ms` later (-1: no limit). -1: a signal came.
inline int poll_ready(std::span<pollfd> fds, int timeout_ms) {
    const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
    if (ready >= 0) return ready;
    for (pollfd& fd : fds) fd.revents = 0;
    if (errno == EINTR) return -1;
    return ::poll(nullptr, 0, timeout_ms < 0 ? kPollAgainMs : std::min(timeout_ms, kPollAgainMs));
}

}  // namespace whodid
