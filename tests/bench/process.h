// SPDX-License-Identifier: Apache-2.0
// Programs run by the benchmark: started, looked at from outside, ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace whodid::bench {

struct CpuTime {
    double user_s = 0, system_s = 0;
};
CpuTime operator-(const CpuTime& a, const CpuTime& b);

struct Ended {
    int status = 0;                   // as waitpid(2) gives it
    CpuTime cpu;                      // of its whole life
    std::uint64_t resident_most = 0;  // KiB
    double seconds = 0;
    std::string said;  // on standard error
};

/// A file without a name, in memory.
Fd memory_file();
std::string content(const Fd& file);
std::string proc_file(pid_t pid, const char* name);
std::optional<std::uint64_t> number_after(const std::string& text, const std::string& word);
/// For messages: the reason why a program ended is what it said last.
std::string last_line(std::string said);

/// The program's path, as PATH and the directories of the system have it; empty when there is none.
std::string find_program(const std::string& name);

/// Runs argv[0], a path. `prepare` is called in the child before.
Result<pid_t> spawn(const std::vector<std::string>& argv, const Fd& out, const Fd& err,
                    void (*prepare)() = nullptr);
/// Waits for the end, and reaps; nothing when that takes longer.
std::optional<Ended> reap(pid_t pid, double limit_s, const Fd& err);
/// Runs a program to its end, its standard output to `out`.
Result<Ended> run_to_end(const std::vector<std::string>& argv, const Fd& out);

/// In nanoseconds' steps, where /proc/PID/stat counts in hundredths of a second.
double cpu_clock_s(pid_t pid);
/// Until it has dealt with what it was given, as its CPU clock tells. Returns when that was, in seconds of
/// the monotonic clock; an Error when it is still at work after `limit_s`.
Result<double> wait_until_quiet(pid_t pid, double limit_s);

}  // namespace whodid::bench
