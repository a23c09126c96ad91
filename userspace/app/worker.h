// SPDX-License-Identifier: Apache-2.0
// The worker of whodid run: reads what the supervisor has loaded, and tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/hand_over.h"
#include "app/live.h"
#include "app/run.h"

namespace whodid {

/// What the supervisor orders; see WorkerTask::orders_fd.
constexpr char kOrderStop = 'q', kOrderLeave = 'r';

struct WorkerTask {
    const RunOptions& options;
    HandOver& hand_over;
    KernelLease kernel;
    Fd policy_line = {};                  // see policy_line.h
    int out_fd = -1;                      // the output, or standard output where that is a sink; -1: neither
    int orders_fd = -1;                   // a byte: an order; its end: the supervisor is gone
    int status_fd = -1, metrics_fd = -1;  // listeners, see status_server.h; -1: none
    std::optional<gid_t> status_group = {};
    std::uint64_t sensor_start_ns = 0, forensic_since_ns = 0;
    std::uint64_t silent_since_ns = 0;  // see PumpOptions
    std::string nonce = {};             // of the canary
    Predecessor predecessor = {};
    std::uint32_t supervisor_pid = 0;
    std::vector<std::string> state_files = {};  // of both
};

/// In a child of the supervisor, to its end. The exit code; kRuntimeError leaves the kernel side running.
int work(WorkerTask task);

}  // namespace whodid
