// SPDX-License-Identifier: Apache-2.0
// Supervisor: holds the kernel side, and sees to it that a worker reads it. It parses nothing from outside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/hand_over.h"
#include "app/respawn.h"
#include "app/run.h"
#include "app/sensors.h"
#include "base/fd.h"
#include "source/loader.h"

namespace whodid {

class Supervisor {
public:
    /// All arguments outlive it. Events go to `out_fd`.
    Supervisor(const RunOptions& options, Loader& loader, HandOver& hand_over, int out_fd);

    /// Until `stop_fd` is readable, nobody reads the events any more, or no worker can start. The exit code.
    int run(int stop_fd);

private:
    struct Worker {
        pid_t pid = -1;
        Fd end;     // a pidfd: readable when it is dead
        Fd orders;  // a byte tells it to stop; closed, there is no supervisor any more
        Fd line;    // what it asks for, see policy_line.h
        std::uint64_t since_ns = 0;
    };

    Result<Worker> start();
    [[noreturn]] void become_worker(Fd orders, Fd line, Fd lister) const;
    /// Answers the worker until it ends or hangs, `stop_fd` (-1: none) is readable, or the time of the
    /// monotonic clock is reached.
    enum class Wake { kEnd, kHang, kStop, kTime };
    Wake serve(int stop_fd, std::uint64_t until_ns);
    bool hangs() const;
    std::optional<int> replace_after(int status, int stop_fd);
    int reap();
    int end_hung();
    int stop();

    const RunOptions& options_;
    Loader& loader_;
    HandOver& hand_over_;
    const int out_fd_;
    const std::uint64_t start_ns_;
    const std::string nonce_;
    std::vector<KernelObject> objects_;  // of the kernel side, guarded
    SensorList sensors_;
    Respawn respawn_;
    Worker worker_;
    Predecessor predecessor_;
};

/// Of a wait status: "was killed by SIGKILL", "ended with status 1".
std::string describe_end(int status);

}  // namespace whodid
