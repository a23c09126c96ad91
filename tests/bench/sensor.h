// SPDX-License-Identifier: Apache-2.0
// Sensor: the program under test as a child, and what it costs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "process.h"

namespace whodid::bench {

/// Resident memory in KiB. `rings` is the part of `file` and `shared` that the mapped rings make up; their
/// data pages are mapped twice, and counted twice by the kernel.
struct Memory {
    std::uint64_t resident = 0, anonymous = 0, file = 0, shared = 0, rings = 0;
};

/// The sums of `--ledger json`.
struct LedgerSums {
    std::uint64_t seen = 0, gated = 0, folded = 0, emitted = 0, ring_full = 0, no_slot = 0;
    std::uint64_t received = 0, written = 0;
    bool balances = false;

    std::uint64_t lost() const { return ring_full + no_slot; }
};
/// Of what the program said at its end; nothing when there is no ledger in it.
std::optional<LedgerSums> parse_ledger(const std::string& said);

class Sensor {
public:
    /// Starts argv[0] with standard output to `out` and waits until it observes.
    static Result<std::unique_ptr<Sensor>> start(const std::vector<std::string>& argv, const Fd& out);
    Sensor(const Sensor&) = delete;
    Sensor& operator=(const Sensor&) = delete;
    ~Sensor();

    pid_t pid() const { return pid_; }
    double start_seconds() const { return start_seconds_; }
    /// Of all its processes.
    CpuTime cpu() const;
    /// Of the one that reads the rings.
    Memory memory() const;

    /// Until it has read and written what it was sent, as its CPU clock tells. Returns when that was, in
    /// seconds of the monotonic clock; an Error when it is still at work after `limit_s`.
    Result<double> wait_until_quiet(double limit_s) const;

    /// SIGTERM, and its end: `seconds` is how long that took, detaching included.
    Result<Ended> stop();

private:
    Sensor() = default;
    Result<void> wait_until_ready(int out);
    bool ended();
    pid_t reader() const { return worker_ > 0 ? worker_ : pid_; }

    pid_t pid_ = -1, worker_ = -1;  // a service has a worker; else there is none
    double start_seconds_ = 0;
    std::string said_;
    Fd err_;
};

/// Whether `program --help` (or `program COMMAND --help`) has the word.
bool help_has(const std::vector<std::string>& argv, const std::string& word);

}  // namespace whodid::bench
