// SPDX-License-Identifier: Apache-2.0
// Report: everything that was measured, as a table for people and as JSON for programs.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "attach_types.h"
#include "census.h"
#include "daemon.h"
#include "machine.h"
#include "stats.h"

namespace whodid::bench {

/// One load with and without the sensor, ns of one operation.
struct LoadFigures {
    std::string name;
    Pairs cpu, wall;
    std::optional<double> events;  // that the sensor reported for one operation
};

struct Report {
    Machine machine;
    double busiest = 0;  // share of the CPUs that others had in use, the highest of the looks
    unsigned pairs = 0;
    bool quick = false;
    std::string command;  // the sensor's
    std::vector<LoadFigures> loads;
    std::vector<double> start_s, stop_s;  // of the sensor; stopping is mostly detaching
    std::vector<AttachType> attach_types;
    std::vector<DaemonRun> daemon;
    Census census;
    double seconds = 0;  // that the benchmark took

    bool busy() const { return busiest > kBusyShare; }
};

void print_table(const Report& report, std::FILE* out);
std::string to_json(const Report& report);

}  // namespace whodid::bench
