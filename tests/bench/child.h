// SPDX-License-Identifier: Apache-2.0
// Child: a forked copy of this process that does one thing and hands back a value.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <type_traits>

#include "base/fd.h"
#include "base/result.h"

namespace whodid::bench {

/// Set by a signal: no further child is started, so every caller returns and cleans up.
inline volatile sig_atomic_t interrupted = 0;

/// After a fork: dies with its parent, and by signals as any other program does.
inline void become_child(int signal_when_orphaned) {
    ::prctl(PR_SET_PDEATHSIG, signal_when_orphaned);
    for (const int s : {SIGINT, SIGTERM}) ::signal(s, SIG_DFL);
}

template <class T>
class Child {
    static_assert(std::is_trivially_copyable_v<T>);
    struct Reply {
        int error;
        T value;
    };

public:
    /// `act(T&)` runs in the child and returns 0 or an errno.
    template <class Act>
    static Result<Child> start(Act act) {
        if (interrupted) return Error{"interrupted", EINTR};
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno("cannot make a pipe");
        Fd in(ends[0]), out(ends[1]);
        const pid_t pid = ::fork();
        if (pid < 0) return Error::from_errno("cannot fork");
        if (pid > 0) return Child(pid, std::move(in));
        become_child(SIGKILL);
        Reply reply{};
        reply.error = act(reply.value);
        _exit(::write(out.get(), &reply, sizeof reply) == sizeof reply ? 0 : 1);
    }

    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), in_(std::move(other.in_)) {}
    Child& operator=(Child&&) = delete;
    ~Child() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid() const { return pid_; }

    /// Waits for the end. Call once.
    Result<T> finish() {
        Reply reply{};
        const ssize_t n = ::read(in_.get(), &reply, sizeof reply);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
        if (n != sizeof reply) return Error{"ended before its work was done", EINTR};
        if (reply.error != 0) return Error{std::strerror(reply.error), reply.error};
        return reply.value;
    }

private:
    Child(pid_t pid, Fd in) : pid_(pid), in_(std::move(in)) {}

    pid_t pid_;
    Fd in_;
};

}  // namespace whodid::bench
