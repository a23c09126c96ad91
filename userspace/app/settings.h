// SPDX-License-Identifier: Apache-2.0
// Settings: what `whodid run` can be configured to do, by file, environment or options.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/live.h"
#include "app/log.h"
#include "filter/profile.h"
#include "sink/settings.h"
#include "source/loader.h"

namespace whodid {

constexpr std::uint64_t kForensicMaxNs = 72ull * 3600 * 1'000'000'000;
constexpr std::uint64_t kWatchdogNs = 60'000'000'000;

enum class SinkType { kJsonLines, kOtlp };

/// Where events go.
struct SinkSettings {
    std::string name;  // [a-z0-9-]{1,32}, no other sink's
    SinkType type = SinkType::kJsonLines;
    std::vector<std::string> filters;  // expressions; what does not meet all of them does not go there
    JsonLinesSettings lines;           // of kJsonLines alone
    /// Of kOtlp alone. `otlp.endpoint`, `otlp.metrics_endpoint` and `outbox.path` are whole.
    OtlpSettings otlp;
    OutboxSettings outbox;
    std::string base_endpoint;  // what the endpoints are made of; empty: the protocol's on this machine
};

/// Every member is a key of settings_table.h.
struct Settings {
    std::string person_map_path;           // empty: none
    std::vector<std::string> filters;      // expressions; what does not meet all of them is not told
    std::vector<std::string> watch_paths;  // watch files; "none": not the built-in list
    std::optional<Profile> profile;        // none: standard, or all that the filters keep
    std::uint64_t forensic_ns = 0;         // how long, from the start; at most kForensicMaxNs
    std::string forensic_reason;           // for the stream to say
    /// 0: none; not given: the profile's.
    std::optional<double> max_events_per_s, max_bytes_per_day, max_cpu_percent;
    std::string seen_path;  // the programs seen before; empty: since this worker
    LoadOptions load{.folds = true};
    std::uint64_t canary_ns = kCanaryNs, heartbeat_ns = kHeartbeatNs;
    std::uint64_t watchdog_ns = kWatchdogNs;  // a worker that does nothing for so long is replaced
    LogLevel log_level = LogLevel::kWarn;
    std::string status_socket = "/run/whodid/whodid.sock";  // empty: none
    std::string metrics_listen;  // "address:port", "[address]:port" or "unix:/path"; empty: nowhere
    std::string spool_path = "/var/lib/whodid/spool";  // each otlp sink has a directory below it
    std::vector<SinkSettings> sinks;                   // empty: the output that run was given
};

}  // namespace whodid
