// SPDX-License-Identifier: Apache-2.0
// What the userspace half sustains and costs: a flood, live and from a recording.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loads.h"
#include "sensor.h"
#include "site.h"

namespace whodid::bench {

struct DaemonRun {
    std::string name;
    std::string skipped;  // why there are no figures
    Flood flood;          // live: what was generated
    LedgerSums ledger;
    CpuTime cpu;                     // from ready to quiet again (live), or of the whole run (replay)
    double seconds = 0;              // from the first event to the last one written
    std::uint64_t output_bytes = 0;  // 0: to /dev/null
    Memory memory_start, memory_end;

    double per_second() const { return seconds > 0 ? static_cast<double>(ledger.received) / seconds : 0; }
    /// CPU seconds of a million events; nothing for too few to tell.
    std::optional<CpuTime> per_million() const {
        constexpr std::uint64_t kEnough = 10'000;
        if (!skipped.empty() || ledger.received < kEnough) return {};
        const double millions = static_cast<double>(ledger.received) / 1e6;
        return CpuTime{cpu.user_s / millions, cpu.system_s / millions};
    }
};

struct DaemonOptions {
    std::string program;
    std::vector<std::string> extra;  // arguments to trace
    unsigned processes = 2;
    double seconds = 5, long_seconds = 60;  // of a flood
};

/// `whodid trace -a -o json` with its output to /dev/null or to a file on the disk of the site, under a flood
/// of opens.
Result<DaemonRun> measure_live(const Site& site, const DaemonOptions& options, bool to_file);

/// `whodid run --every-event`, telling everything, under a long flood of loops on CPUs of their own. Its
/// output goes to a file of which the end alone stays on the disk. Skipped, with the reason, where there is
/// no room.
Result<DaemonRun> measure_service(const Site& site, const DaemonOptions& options);

/// Records a flood, then replays it as fast as it goes, output to /dev/null. Skipped, with the reason, by a
/// program that cannot.
Result<DaemonRun> measure_replay(const Site& site, const DaemonOptions& options);

/// The arguments of trace in every part of the benchmark.
std::vector<std::string> trace_arguments(const DaemonOptions& options);
/// The same with none of them folded, by a program that folds.
std::vector<std::string> every_event_arguments(const DaemonOptions& options);
/// Those of the service, which writes to standard output.
std::vector<std::string> run_arguments(const DaemonOptions& options);

}  // namespace whodid::bench
