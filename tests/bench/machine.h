// SPDX-License-Identifier: Apache-2.0
// Machine: what a reader has to know before comparing its numbers with another's.
#pragma once

#include <string>
#include <vector>

namespace whodid::bench {

struct Machine {
    std::string kernel;      // uname -r
    std::string build;       // uname -v: has PREEMPT_DYNAMIC and the like
    std::string preemption;  // the mode chosen, where debugfs shows it
    std::string architecture, cpu_model;
    std::string hypervisor;  // "none seen" on bare metal, or where the CPU does not tell
    unsigned cpus = 0;
    unsigned bpf_programs = 0;  // loaded before the benchmark: other sensors cost, too
    bool bpf_stats = false;     // kernel.bpf_stats_enabled times every program, some 60 ns each
    double load_average = 0;    // of the last minute
};

Machine describe_machine();

/// The share of all CPUs, 0 to 1, that was not idle over that time; time stolen by the hypervisor counts.
double busy_share(double seconds);

constexpr double kLookS = 0.2;  // at the idle machine

/// Above this others disturb the measurement, and the report says so.
constexpr double kBusyShare = 0.10;

}  // namespace whodid::bench
