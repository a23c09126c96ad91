// SPDX-License-Identifier: Apache-2.0
// Programs of other people's making: whether they are there, what they say, and their end.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "unit/receiver_process.h"
#include "unit/scripted_server.h"

namespace whodid::test {

/// The words of a command whose errors nobody reads.
inline std::vector<std::string> quietly(const std::vector<std::string>& words) {
    std::vector<std::string> all = {"/bin/sh", "-c", "exec \"$@\" 2>/dev/null", "sh"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

/// Whether the shell finds it.
inline bool has_program(const std::string& name) {
    return succeeds({"/bin/sh", "-c", "PATH=$PATH:/usr/sbin command -v " + name});
}

/// What it writes to its output, and whether it succeeded.
inline std::pair<std::string, bool> output_of(const std::vector<std::string>& words) {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC)), out(pipe[0]);
    Fd in(pipe[1]);
    const pid_t pid = start(quietly(words), null.get(), in.get());
    in = Fd();
    std::string said;
    char bytes[65536];
    for (ssize_t n; (n = ::read(out.get(), bytes, sizeof bytes)) > 0;)
        said.append(bytes, static_cast<std::size_t>(n));
    return {said, wait_for_success(pid)};
}

/// A program that runs until it is told to end, or the test ends in whatever way.
class Program {
public:
    /// `input`: a descriptor that is its standard input.
    Program(const std::vector<std::string>& words, int input) {
        std::vector<std::string> all = {"setpriv", "--pdeathsig", "TERM"};
        all.insert(all.end(), words.begin(), words.end());
        const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
        pid_ = start(quietly(all), input, null.get());
        EXPECT_GT(pid_, 0) << words[0];
    }
    ~Program() { end(); }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// Whether it had not ended before, and ends well.
    bool end() {
        const pid_t pid = std::exchange(pid_, -1);
        return pid > 0 && ::kill(pid, SIGTERM) == 0 && wait_for_success(pid);
    }
    bool has_ended() {
        siginfo_t ended{};
        return pid_ > 0 &&
               ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               ended.si_pid == pid_;
    }

private:
    pid_t pid_ = -1;
};

/// A port for a program that cannot say which one it took. A bound socket keeps it from others; the program
/// may listen there, since both allow that (SO_REUSEADDR).
struct ReservedPort : LoopbackPort {
    ReservedPort() {
        const int on = 1;
        EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    }
};

/// Where tools/install-deps receivers puts packages of npm: beside this program's directory.
inline std::string node_modules() {
    const auto build = std::filesystem::canonical("/proc/self/exe").parent_path().parent_path();
    return build / "receivers/node_modules";
}
/// One package, and node itself.
inline bool has_node_package(const std::string& name) {
    static const bool has_node = has_program("node");
    return has_node && std::filesystem::exists(node_modules() + "/" + name + "/package.json");
}
/// The words that run one of tests/receivers.
inline std::vector<std::string> node(const std::string& script) {
    return {"/usr/bin/env", "NODE_PATH=" + node_modules(), "node", "tests/receivers/" + script};
}

}  // namespace whodid::test
