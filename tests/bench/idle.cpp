// SPDX-License-Identifier: Apache-2.0
// A service that is left alone.
#include "idle.h"

#include "lines.h"
#include "machine.h"

namespace whodid::bench {

Result<Idle> measure_idle(const Site& site, const DaemonOptions& daemon, double seconds) {
    const auto out = site.scratch();
    if (!out) return out.error();
    auto sensor = Sensor::start(run_arguments(daemon), *out);
    if (!sensor) return sensor.error();
    Idle idle;
    off_t at = 0;
    new_lines(*out, at);
    const double start = monotonic_s();
    const CpuTime before = (*sensor)->cpu();
    idle.busy = busy_share(seconds);
    const CpuTime used = (*sensor)->cpu() - before;
    idle.seconds = monotonic_s() - start;
    idle.cpu_s = used.user_s + used.system_s;
    idle.lines = new_lines(*out, at);
    const auto ended = (*sensor)->stop();
    if (!ended) return ended.error();
    idle.ledger = parse_ledger(ended->said).value_or(LedgerSums{});
    return idle;
}

}  // namespace whodid::bench
