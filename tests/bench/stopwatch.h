// SPDX-License-Identifier: Apache-2.0
// Stopwatch: CPU time of this process and the children it has waited for, and wall time beside it.
#pragma once

#include <sys/resource.h>
#include <time.h>

namespace whodid::bench {

struct Cost {
    double cpu_ns = 0, wall_ns = 0;
};

inline double clock_ns(clockid_t clock) {
    timespec t{};
    ::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

inline double monotonic_s() { return clock_ns(CLOCK_MONOTONIC) / 1e9; }

inline double seconds_of(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

/// Runs from start() to stop(), any number of times; what lies between is not counted.
class Stopwatch {
public:
    void start() { at_ = now(); }
    void stop() {
        const Cost end = now();
        total_.cpu_ns += end.cpu_ns - at_.cpu_ns;
        total_.wall_ns += end.wall_ns - at_.wall_ns;
    }
    Cost total() const { return total_; }

private:
    static Cost now() {
        rusage children{};
        ::getrusage(RUSAGE_CHILDREN, &children);
        const double children_s = seconds_of(children.ru_utime) + seconds_of(children.ru_stime);
        return {clock_ns(CLOCK_PROCESS_CPUTIME_ID) + children_s * 1e9, clock_ns(CLOCK_MONOTONIC)};
    }

    Cost at_, total_;
};

}  // namespace whodid::bench
