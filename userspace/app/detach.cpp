// SPDX-License-Identifier: Apache-2.0
// Detaching without anybody waiting.
#include "app/detach.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "app/descriptors.h"

namespace whodid {

namespace {

bool is_kernel_side(std::string_view target) {
    return target.starts_with("anon_inode:bpf") || target.starts_with("anon_inode:[perf_event]");
}

}  // namespace

void detach_behind() {
    const char* mode = std::getenv("WHODID_DETACH");
    if (mode && std::string_view(mode) == "wait") return;
    int alive[2];  // the parent's end closes when it is gone
    if (::pipe2(alive, O_CLOEXEC) != 0) return;
    const std::vector<int> closed = descriptors_but(
        [&](int fd, std::string_view target) { return fd == alive[0] || is_kernel_side(target); });
    const pid_t child = ::fork();
    if (child != 0) {
        ::close(alive[0]);
        return;
    }
    // If there were threads, they are gone and their locks are held: from here on system calls only.
    ::setsid();
    ::prctl(PR_SET_NAME, "whodid-detach");
    (void)!::chdir("/");
    for (const int fd : closed) ::close(fd);
    char none = 0;
    while (::read(alive[0], &none, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
}

}  // namespace whodid
