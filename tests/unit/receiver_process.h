// SPDX-License-Identifier: Apache-2.0
// ReceiverProcess: one of tests/receivers, as a process of its own that ends with this.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "unit/directory.h"

namespace whodid::test {

constexpr const char* kPython = "/usr/bin/python3";

/// Starts a program with these descriptors as its standard input and output; both have O_CLOEXEC here.
inline pid_t start(const std::vector<std::string>& words, int input, int output) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    pid_t pid = -1;
    if (::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) pid = -1;
    ::posix_spawn_file_actions_destroy(&actions);
    return pid;
}

inline bool wait_for_success(pid_t pid) {
    int status = -1;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Runs a program to its end, without input, what it says left out; whether it succeeded.
inline bool succeeds(std::vector<std::string> words) {
    std::string line = "exec \"$@\" 2>/dev/null";
    words.insert(words.begin(), {"/bin/sh", "-c", line, "sh"});
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    return wait_for_success(start(words, null.get(), null.get()));
}

class ReceiverProcess {
public:
    /// "otlp_grpc.py" and its options.
    ReceiverProcess(const std::string& name, const std::vector<std::string>& options)
        : ReceiverProcess(std::vector<std::string>{kPython, "-B", "tests/receivers/" + name}, options) {}
    /// A program that behaves as those do; where it writes events to is one of its own.
    ReceiverProcess(std::vector<std::string> words, const std::vector<std::string>& options) {
        int input[2], output[2];
        EXPECT_EQ(::pipe2(input, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(output, O_CLOEXEC), 0);
        const Fd theirs(input[0]), said(output[0]), saying(output[1]);
        input_ = Fd(input[1]);
        words.insert(words.end(), {"--events", events_path()});
        words.insert(words.end(), options.begin(), options.end());
        pid_ = start(words, theirs.get(), saying.get());
        port_ = read_port(said.get());
        EXPECT_NE(port_, 0) << words[0] << " does not listen";
    }
    /// It ends when its input does.
    ~ReceiverProcess() {
        input_ = Fd();
        EXPECT_TRUE(wait_for_success(pid_)) << "a receiver failed";
    }
    ReceiverProcess(const ReceiverProcess&) = delete;
    ReceiverProcess& operator=(const ReceiverProcess&) = delete;

    int port() const { return port_; }
    /// For each request in the order they came: what was answered, and the ids, parted by blanks.
    std::vector<std::pair<std::string, std::string>> requests() const {
        std::vector<std::pair<std::string, std::string>> read;
        std::ifstream file(events_path());
        for (std::string line; std::getline(file, line);) {
            const std::size_t tab = std::min(line.find('\t'), line.size() - 1);
            read.emplace_back(line.substr(0, tab), line.substr(tab + 1));
        }
        return read;
    }

private:
    std::string events_path() const { return directory_.path + "/events"; }

    /// Of "listening 4317\n", which may come in pieces.
    static int read_port(int fd) {
        constexpr std::string_view kBegins = "listening ";
        std::string line;
        for (char c = 0; ::read(fd, &c, 1) == 1 && c != '\n';) line += c;
        int port = 0;
        if (line.starts_with(kBegins))
            std::from_chars(&line[kBegins.size()], line.data() + line.size(), port);
        return port;
    }

    const Directory directory_;
    Fd input_;
    pid_t pid_ = -1;
    int port_ = 0;
};

}  // namespace whodid::test
