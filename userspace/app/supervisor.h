// SPDX-License-Identifier: Apache-2.0
// Supervisor: holds the kernel side, and sees to it that a worker reads it. It parses nothing from outside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/hand_over.h"
#include "app/notify.h"
#include "app/respawn.h"
#include "app/run.h"
#include "app/sensors.h"
#include "app/status_server.h"
#include "base/fd.h"
#include "source/loader.h"

namespace whodid {

class Supervisor {
public:
    /// What it is given besides the options and what to supervise.
    struct Surroundings {
        int out_fd = -1;       // events go there, too; -1: only where they are configured to go
        RereadOptions reread;  // the options anew, as they are configured now; null: they never change
        ServiceNotices notices;
        StatusListeners listeners;
    };

    /// `loader` and `hand_over` outlive it.
    Supervisor(RunOptions options, Loader& loader, HandOver& hand_over, Surroundings around);

    /// Until `stop_fd` is readable, nobody reads the events any more, or no worker can start; when
    /// `reload_fd` (a signalfd; -1: none) is, a worker with other options goes on. The exit code.
    int run(int stop_fd, int reload_fd);

private:
    struct Worker {
        pid_t pid = -1;
        Fd end;     // a pidfd: readable when it is dead
        Fd orders;  // a byte tells it to stop; closed, there is no supervisor any more
        Fd line;    // what it asks for, see policy_line.h
        std::uint64_t since_ns = 0;
    };

    int supervise(int stop_fd, int reload_fd);
    Result<Worker> start();
    Result<void> start_worker(int stop_fd);
    [[noreturn]] void become_worker(Fd orders, Fd line, Fd lister) const;
    /// Answers the worker until it ends or hangs, `stop_fd` or `reload_fd` (-1: none) is readable, or the
    /// time of the monotonic clock is reached.
    enum class Wake { kEnd, kHang, kStop, kReload, kTime };
    Wake serve(int stop_fd, int reload_fd, std::uint64_t until_ns);
    bool hangs() const;
    void note_progress();
    void tell_service_manager();
    bool ends_when_told(char order);
    bool leaves_for_new_options(int reload_fd);
    void use(RunOptions options);
    bool goes_back();
    std::optional<int> replace_after(int status, int stop_fd);
    int reap();
    int end_hung();
    int stop();

    RunOptions options_;
    std::optional<RunOptions> former_;     // until a worker has started with those in force
    std::uint64_t silent_since_ns_ = 0;    // see PumpOptions; until a worker has told it
    std::uint64_t forensic_since_ns_ = 0;  // boot clock: when that profile was asked for; 0: at the start
    Loader& loader_;
    HandOver& hand_over_;
    Surroundings around_;
    const std::uint64_t start_ns_;
    const std::string nonce_;
    std::vector<KernelObject> objects_;  // of the kernel side, guarded
    bool is_ready_ = false;              // the service manager was told
    SensorList sensors_;
    Respawn respawn_;
    Worker worker_;
    Predecessor predecessor_;
};

/// Of a wait status: "was killed by SIGKILL", "ended with status 1".
std::string describe_end(int status);

}  // namespace whodid
