// SPDX-License-Identifier: Apache-2.0
// What a confined process can still do, and what it cannot.
#include "app/confine.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "base/fd.h"

namespace whodid {
namespace {

/// What `act` says in a confined child: 0 to 200.
int confined(Role role, const std::function<int()>& act) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(confine(role) ? act() : 201);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int errno_of(long result) { return result < 0 ? errno : 0; }

int forks() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    const int error = errno_of(child);
    if (child > 0) ::waitpid(child, nullptr, 0);
    return error;
}

TEST(Confine, StartsNoProgram) {
    for (const Role role : {Role::kSupervisor, Role::kWorker})
        EXPECT_EQ(confined(role, [] { return errno_of(::execl("/bin/true", "true", nullptr)); }), EPERM);
}

TEST(Confine, LeavesTheMachineAlone) {
    for (const Role role : {Role::kSupervisor, Role::kWorker}) {
        EXPECT_EQ(confined(role, [] { return errno_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }),
                  EPERM);
        EXPECT_EQ(confined(role, [] { return errno_of(::unshare(CLONE_NEWUSER)); }), EPERM);
        EXPECT_EQ(confined(role, [] { return errno_of(::setuid(::getuid())); }), EPERM);
        EXPECT_EQ(confined(role, [] { return errno_of(::syscall(SYS_keyctl, 0, 0, 0, 0, 0)); }), EPERM);
    }
}

TEST(Confine, NoCoreAndNoNewPrivileges) {
    EXPECT_EQ(confined(Role::kWorker, [] { return ::prctl(PR_GET_DUMPABLE); }), 0);
    EXPECT_EQ(confined(Role::kWorker, [] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }), 1);
    EXPECT_EQ(confined(Role::kWorker, [] { return ::prctl(PR_GET_SECCOMP); }), 2);
}

TEST(Confine, ASupervisorStartsWorkersAndAWorkerNobody) {
    EXPECT_EQ(confined(Role::kSupervisor, forks), 0);
    EXPECT_EQ(confined(Role::kWorker, forks), EPERM);
}

/// A child starts threads, which the thread sanitizer does not allow after a fork.
#ifdef __SANITIZE_THREAD__
#define SKIP_WITHOUT_THREADS() GTEST_SKIP() << "the thread sanitizer allows no thread in a forked child"
#else
#define SKIP_WITHOUT_THREADS()
#endif

TEST(Confine, AWorkerHasThreads) {
    SKIP_WITHOUT_THREADS();
    const auto act = [] {
        int done = 0;
        std::thread([&done] { done = 7; }).join();
        return done;
    };
    EXPECT_EQ(confined(Role::kWorker, act), 7);
}

TEST(Confine, AWorkersThreadsAreConfinedToo) {
    SKIP_WITHOUT_THREADS();
    const auto act = [] {
        int error = 0;
        std::thread([&error] { error = forks(); }).join();
        return error;
    };
    EXPECT_EQ(confined(Role::kWorker, act), EPERM);
}

TEST(Confine, AWorkerTalksByFilesAndTheInternet) {
    const auto open = [](int family) {
        return [family] {
            const Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            return errno_of(fd.get());
        };
    };
    for (const int family : {AF_UNIX, AF_INET}) EXPECT_EQ(confined(Role::kWorker, open(family)), 0) << family;
    for (const int family : {AF_PACKET, AF_ALG, AF_VSOCK})
        EXPECT_EQ(confined(Role::kWorker, open(family)), EAFNOSUPPORT) << family;
}

#ifdef __x86_64__
TEST(Confine, CallsOfX32AreRefused) {
    EXPECT_EQ(confined(Role::kWorker, [] { return errno_of(::syscall(0x40000000 | SYS_getpid)); }), EPERM);
}
#endif

}  // namespace
}  // namespace whodid
