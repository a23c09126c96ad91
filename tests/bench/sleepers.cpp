// SPDX-License-Identifier: Apache-2.0
// Starting and ending them.
#include "sleepers.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "child.h"
#include "process.h"

namespace whodid::bench {

namespace {

constexpr std::uint64_t kKibOfOne = 300;  // with its page tables and the kernel's stack

/// Beside what runs already, with some room left.
Result<void> has_room(unsigned count) {
    std::ostringstream memory;
    memory << std::ifstream("/proc/meminfo").rdbuf();
    const std::uint64_t available = number_after(memory.str(), "MemAvailable:").value_or(0);
    if (available / 2 < count * kKibOfOne)
        return Error{fmt::format("{} MiB of memory are available, {} processes take up to {}",
                                 available >> 10, count, count * kKibOfOne >> 10),
                     ENOMEM};
    std::uint64_t pid_max = 0;
    std::ifstream("/proc/sys/kernel/pid_max") >> pid_max;
    if (pid_max < count + 2000u)
        return Error{fmt::format("kernel.pid_max is {}, too few for {} processes", pid_max, count), EAGAIN};
    return {};
}

/// They die with this process, whatever becomes of it.
pid_t start_one(const char* program) {
    char* const arguments[] = {const_cast<char*>("nothing"), const_cast<char*>("wait"), nullptr};
    char* const environment[] = {nullptr};
    const pid_t child = ::vfork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::execve(program, arguments, environment);
        _exit(127);
    }
    return child;
}

}  // namespace

Result<Sleepers> Sleepers::start(const Site& site, unsigned count) {
    if (auto room = has_room(count); !room) return room.error();
    Sleepers sleepers;
    for (unsigned i = 0; i < count; ++i) {
        if (interrupted) return Error{"interrupted", EINTR};
        const pid_t pid = start_one(site.program().c_str());
        if (pid < 0)
            return Error::from_errno(
                fmt::format("cannot start more than {} of {} processes (ulimit -u, pids cgroup)", i, count));
        sleepers.pids_.push_back(pid);
    }
    return sleepers;
}

Sleepers::~Sleepers() {
    for (const pid_t pid : pids_) ::kill(pid, SIGTERM);
    for (const pid_t pid : pids_) ::waitpid(pid, nullptr, 0);
}

}  // namespace whodid::bench
