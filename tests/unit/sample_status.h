// SPDX-License-Identifier: Apache-2.0
// A sensor that has been up for a day, as a test wants it.
#pragma once

#include "app/status.h"

namespace whodid::test {

inline Status sample_status() {
    Status status;
    status.version = "v1.2";
    status.host = "web-17";
    status.kernel = "6.1.0-18-amd64";
    status.pid = 812;
    status.start_wall_ns = 1'795'525'200'000'000'000;  // 2026-11-24T13:00:00Z
    status.start_boot_ns = 60'000'000'000;
    status.uptime_ns = 90'000ull * 1'000'000'000;
    status.is_ready = true;
    status.profile = "standard";
    status.resident_bytes = 48'000'000;
    status.cpu_s = 720;
    LedgerLine& exec = status.ledger[REC_PROCESS_EXEC];
    exec.kernel.seen = exec.kernel.emitted = exec.received = exec.delivered = 1500;
    exec.filtered = 300;
    exec.written = 1200;
    status.backends = {{REC_PROCESS_EXEC, {"tp_btf"}, false}, {REC_FILE_OPEN, {"fexit", "lsm"}, true}};
    status.rates = {{REC_PROCESS_EXEC, 20.25, 2.5}};
    SinkStatus file;
    file.name = "file";
    file.type = "jsonl";
    file.written = 1200;
    status.sinks = {file};
    status.caches = {{"processes", 412, 32768, 12}, {"names", 7, 0, 0}};
    status.rings = {{"vital", 32 << 10, 8 << 20, 64 << 10}, {"events", 4 << 20, 16 << 20, 5 << 20}};
    status.traces = {1, 1200, 41};
    status.top_programs = {{"/usr/bin/make", 812, 0}, {"/usr/bin/cc", 40, 3}};
    status.top_people = {{"alice@mac", 900, 0}};
    return status;
}

}  // namespace whodid::test
