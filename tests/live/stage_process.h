// SPDX-License-Identifier: Apache-2.0
// A process inside a private world: who it is, how it is started, what it said and how it ended.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace whodid::live {

using std::chrono::milliseconds;

/// What takes that long at most on an ordinary machine, on this one: $WHODID_PATIENCE times as long, as below
/// an emulated kernel.
milliseconds patient(milliseconds limit);

/// Why a test that changes the machine for good may not run on this one, as a reason to skip; empty where
/// $WHODID_THROWAWAY says that it is a guest which is gone afterwards, as tests/vm/boot does.
std::string kept_machine();

/// Owns a file descriptor; -1 is none.
class Fd {
public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0) close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

/// Namespaces that only the holder of these handles can reach. They last while a handle or a process does.
struct World {
    Fd mounts;   ///< a mount namespace
    Fd network;  ///< a network namespace; none: the host's
    Fd root;     ///< O_PATH of the root directory in `mounts`
};

constexpr uint32_t kLoginuidUnset = 4294967295;

/// When `expect` shows on the terminal, `send` is typed, followed by Enter.
struct Answer {
    std::string expect;
    std::string send;
};

struct RunOptions {
    uint32_t uid = 0;
    uint32_t gid = 0;
    std::vector<uint32_t> groups;
    std::optional<uint32_t>
        loginuid;                  ///< written before the exec (kLoginuidUnset for none); otherwise inherited
    std::vector<std::string> env;  ///< "NAME=value", on top of PATH, HOME, LANG and TERM
    std::string cwd = "/";
    /// Not empty: the program has a controlling terminal, also as stdin. Prompts may come there or on stderr.
    std::vector<Answer> answers;
    milliseconds limit{60'000};
};

struct RunResult {
    pid_t pid = 0;
    int status = 0;        ///< as waitpid(2) gives it
    std::string out;       ///< stdout
    std::string err;       ///< stderr
    std::string terminal;  ///< what was shown on the terminal, if there was one
    milliseconds took{0};

    /// The exit status, or 128 + the signal as shells have it.
    int exit_code() const;
    /// For failure messages: how it ended and all it said.
    std::string to_string() const;
};

/// Where a program's standard descriptors lead.
enum class Stdio {
    kPipes,             ///< stdin is /dev/null
    kTerminalAndPipes,  ///< stdin is a terminal. What is shown last on a terminal may get lost in the hang-up
                        ///< that follows, so stdout and stderr are pipes
    kTerminal,
};

/// A running process. The destructor kills it, and only it, if it still runs, and reaps it. It also dies with
/// the thread that started it, unless it changes its user or is setuid.
class Child {
public:
    /// Forks, enters the world, becomes the user and executes argv (argv[0] is looked for in PATH). Only what
    /// is safe after a fork in a program with threads happens in between. An exec that fails is an Error.
    static Result<Child> start(const World& world, const std::vector<std::string>& argv,
                               const RunOptions& options, Stdio stdio);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    pid_t pid() const { return pid_; }
    const std::string& name() const { return name_; }
    int pidfd() const { return pidfd_.get(); }  ///< readable when the process has ended
    int out() const { return out_.get(); }      ///< non-blocking, as the next two; -1 if there is none
    int err() const { return err_.get(); }
    int terminal() const { return terminal_.get(); }
    void hang_up() { terminal_.reset(); }  ///< closes the terminal: its session gets SIGHUP

    /// Waits for the end and returns the wait status. An Error after `limit`; the process goes on then.
    Result<int> wait(milliseconds limit);
    void send_signal(int signal);

private:
    Child() = default;

    std::string name_;
    pid_t pid_ = -1;
    std::optional<int> status_;
    Fd pidfd_, out_, err_, terminal_;
};

/// Runs a program to its end. Errors are: it did not start, or it was killed because it exceeded `limit`. An
/// exit status is a result.
Result<RunResult> run_in(const World& world, const std::vector<std::string>& argv, const RunOptions& options);

/// Appends what can be read now; false at the end of the file, which a terminal reports as EIO.
bool read_available(int fd, std::string& to);
Result<void> type_line(int terminal, const std::string& line);
/// The last part of what a program said, for messages.
std::string tail_of(const std::string& said);

}  // namespace whodid::live
