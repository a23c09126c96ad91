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
#include "filters.h"
#include "hooks.h"
#include "idle.h"
#include "machine.h"
#include "memories.h"
#include "peers.h"
#include "seals.h"
#include "stats.h"
#include "working.h"

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
    std::string benchmark;  // the command that made the report
    std::string command;    // the sensor's
    std::vector<LoadFigures> loads;
    std::vector<double> start_s, stop_s;  // of the sensor; stopping is mostly detaching
    std::vector<AttachType> attach_types;
    std::vector<DaemonRun> daemon;
    Census census;
    std::vector<Peer> peers;
    Working working;
    std::vector<MemoryRow> memories;
    Filters filters;
    Seals seals;
    Hooks fold, floor;
    Idle idle;
    double seconds = 0;  // that the benchmark took

    bool busy() const { return busiest > kBusyShare; }
};

/// What was not measured is left out.
void print_table(const Report& report, std::FILE* out);
void print_peers(const Report& report, std::FILE* out);
void print_working(const Report& report, std::FILE* out);
void print_much_to_remember(const Report& report, std::FILE* out);
void print_filters(const Report& report, std::FILE* out);
void print_seals(const Report& report, std::FILE* out);
void print_fold(const Report& report, std::FILE* out);
void print_floor(const Report& report, std::FILE* out);
void print_idle(const Report& report, std::FILE* out);

/// "+628 [+616..+647]"
std::string spread(const Summary& s);
void print_memory_head(std::FILE* out);
void print_memory(const std::string& when, const Memory& memory, std::FILE* out);
std::string to_json(const Report& report);

}  // namespace whodid::bench
