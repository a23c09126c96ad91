// SPDX-License-Identifier: Apache-2.0
// Tool: a peer of the sensor, or the sensor, running.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "lines.h"
#include "process.h"
#include "site.h"

namespace whodid::bench {

class Tool {
public:
    virtual ~Tool() = default;

    virtual pid_t pid() const = 0;
    /// CPU time of the tool and of what works for it alone.
    virtual double cpu_s() const { return cpu_clock_s(pid()); }
    /// Its end; all of its lines are in the file then, and the host is as it was.
    virtual Result<void> stop() = 0;
    virtual const Fd& lines() const = 0;
};

using StartedTool = Result<std::unique_ptr<Tool>>;

StartedTool start_sensor(const Site& site, const std::vector<std::string>& argv);
/// A tool that loads BPF programs and prints lines; ready when they are attached. Ended by SIGINT, as by its
/// users: some lose what they have not written yet at a SIGTERM.
StartedTool start_bpf_tool(const Site& site, const std::vector<std::string>& argv);
/// auditd with a configuration of its own in the site, and rules for opens, connects and execs. The rules,
/// the backlog and whether audit is on are put back at the end. `switch_on`: also where audit is off.
StartedTool start_auditd(const Site& site, bool switch_on);

constexpr const char* kAuditKey = "whodid-bench";

}  // namespace whodid::bench
