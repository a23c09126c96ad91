// SPDX-License-Identifier: Apache-2.0
// What each sink can be told. Durations in ns, sizes in bytes; 0: no limit, where nothing else is said.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace whodid {

enum class LineFormat { kNative, kFlat, kEcs, kOtlpJson };
enum class SyncPolicy { kNever, kOnClose, kEverySecond };

constexpr std::uint64_t kDayNs = 86'400ull * 1'000'000'000;

/// JSON lines.
struct JsonLinesSettings {
    std::string path = "-";  // "-": standard output; "unix:/path": a stream socket that somebody listens on;
                             // "/path/": a directory of event files; else one file that is appended to
    LineFormat format = LineFormat::kNative;
    // Of a directory alone:
    std::uint64_t rotate_bytes = 64ull << 20;   // a file is closed when it is that large,
    std::uint64_t rotate_ns = kDayNs;           // or that old
    bool compress = true;                       // closed files, by zstd
    bool seal = true;                           // a chain of digests beside each file, see seal.h
    std::uint64_t keep_ns = 7 * kDayNs;         // closed files of everything else
    std::uint64_t keep_vital_ns = 90 * kDayNs;  // closed files of auth, session, identity, alerts
    std::uint64_t keep_bytes = 1ull << 30;      // all files together; the oldest go first
    SyncPolicy sync = SyncPolicy::kOnClose;
};

enum class OtlpProtocol { kHttpProtobuf, kHttpJson, kGrpc };

/// OTLP logs, and the sensor's own metrics.
struct OtlpSettings {
    std::string endpoint;  // of logs, whole: "http://127.0.0.1:4318/v1/logs"; gRPC: "http://127.0.0.1:4317"
    std::string metrics_endpoint;  // empty: no metrics
    OtlpProtocol protocol = OtlpProtocol::kHttpProtobuf;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string headers_path;  // a file of lines "Name: value", for secrets; only its owner may read it
    std::string ca_path, certificate_path, key_path;  // PEM; empty: the system's, none, none
    std::string proxy;                                // empty: as http_proxy and the like have it
    bool gzip = true;
    std::uint64_t timeout_ns = 10'000'000'000;
    std::uint64_t metrics_every_ns = 60'000'000'000;
    std::vector<std::pair<std::string, std::string>> resource;  // attributes besides the sensor's own
};

/// When what waits is sent, and how much waits, on disk.
struct OutboxSettings {
    std::string path;  // the directory of the spool
    std::uint64_t batch_records = 512, batch_bytes = 1ull << 20;
    std::uint64_t batch_age_ns = 1'000'000'000;
    std::uint64_t keep_bytes = 512ull << 20, keep_ns = 3 * kDayNs;
    std::uint64_t retry_first_ns = 1'000'000'000, retry_most_ns = 30'000'000'000;
};

}  // namespace whodid
