// SPDX-License-Identifier: Apache-2.0
// Status: how a running sensor fares, at one moment; as text, JSON and metrics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/event_rates.h"
#include "app/kind_backends.h"
#include "base/ledger.h"
#include "base/metric.h"
#include "base/top_counts.h"

namespace whodid {

/// Counts are events since the start.
struct SinkStatus {
    std::string name, type;
    std::uint64_t written = 0;
    std::uint64_t filtered = 0;                    // it was told not to keep them
    std::uint64_t rejected = 0;                    // by the far end, for good
    std::uint64_t failed = 0;                      // tries that came to nothing, not events
    std::uint64_t dropped = 0;                     // lost: no room to let them wait
    std::uint64_t pending = 0, pending_bytes = 0;  // that wait
    double lag_s = 0;                              // how old the oldest of these is
    bool is_down = false;                          // its last try failed
    std::string last_error;                        // empty: none yet
    std::uint64_t last_error_wall_ns = 0;
};

struct CacheStatus {
    std::string name;
    std::uint64_t entries = 0;
    std::uint64_t limit = 0;    // of entries; 0: none
    std::uint64_t evicted = 0;  // for lack of room, since this worker began
};

/// Bytes that wait, or are kept for a successor.
struct RingStatus {
    std::string name;
    std::uint64_t used_bytes = 0, size_bytes = 0;
    std::uint64_t peak_bytes = 0;  // the most, since this worker began

    double fill() const {  // 0 to 1
        return size_bytes == 0 ? 0 : static_cast<double>(used_bytes) / static_cast<double>(size_bytes);
    }
};

/// Of `whodid trace` beside the sensor. Events since this worker began.
struct TraceStatus {
    std::uint64_t clients = 0;
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;  // a client was too slow, and was told so
};

struct ConfigStatus {
    std::string path;  // empty: none
    std::uint64_t reloads = 0, refused = 0;
    std::uint64_t last_wall_ns = 0;  // of the last try to reload; 0: none
    std::string last_error;          // what was wrong with it; empty: it was taken
};

struct Status {
    std::string version, host, kernel;
    std::uint32_t pid = 0;
    std::uint64_t start_wall_ns = 0, start_boot_ns = 0, uptime_ns = 0;
    bool is_ready = false;         // it tells events
    std::string unserved;          // why nothing can be watched here; empty: it is. See idle.h
    std::uint64_t stalled_ns = 0;  // since when the pump has not moved; 0: it does. Set by who serves it
    std::string profile;           // empty: none
    std::string budget;            // its limits; empty: none
    unsigned budget_step = 0;      // 0 to kBudgetSteps
    ConfigStatus config;
    std::vector<KindBackends> backends;
    Ledger ledger;
    std::vector<KindRate> rates;      // over the last minute
    std::uint64_t lost_recently = 0;  // in the last minute
    std::vector<SinkStatus> sinks;
    TraceStatus traces;
    std::vector<CacheStatus> caches;
    std::vector<RingStatus> rings;
    std::uint64_t resident_bytes = 0;
    double cpu_s = 0;
    std::vector<TopCounts::Entry> top_programs, top_people;  // names are anybody's: never in a metric
};

/// Of what /proc/PID/statm says (proc(5): pages in all, pages resident). 0: not known.
std::uint64_t resident_bytes_of(std::string_view statm);

/// Fills in what this process can tell of itself: version, host, kernel, pid, memory, CPU time, and how long
/// it has been up since `start_boot_ns`.
void describe_process(Status& status);

/// What is wrong now, a sentence each; empty: it is healthy. What was lost earlier is no trouble any more.
std::vector<std::string> troubles(const Status& status);

/// Where more events came out than went in, a sentence each. Of the pump's own counts, which are exact at any
/// moment: the kernel's go on while they are read.
std::vector<std::string> overruns(const Ledger& ledger);

/// For a terminal: first what is wrong, then the numbers. Nothing in it steers one, whoever chose the names.
std::string status_text(const Status& status);

/// One line. Numbers are always there, 0 included; what is empty is absent; `format` rises when a member
/// changes its meaning.
std::string status_json(const Status& status);

/// Labels have few values: kinds, backends, names of sinks and caches.
std::vector<Metric> metrics_of(const Status& status);

}  // namespace whodid
