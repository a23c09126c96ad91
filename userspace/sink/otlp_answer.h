// SPDX-License-Identifier: Apache-2.0
// What a receiver answers to OTLP, from bytes that anybody may have sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/otlp_signal.h"

namespace whodid {

enum class OtlpEncoding { kProtobuf, kJson };

/// Texts of the receiver, escaped for a terminal and cut.
constexpr std::size_t kAnswerTextMax = 1024;
/// Of a JSON answer; more is an error. Protobuf is read in place, whatever its length.
constexpr std::size_t kJsonAnswerMax = 256 * 1024;
/// What a receiver may ask us to wait; more is cut to it.
constexpr std::uint64_t kRetryAfterMax = 86'400ull * 1'000'000'000;

/// Of status 200.
struct OtlpAnswer {
    std::uint64_t rejected = 0;  // as the receiver counts: it may be more than it was sent
    std::string message;
};

/// Of an ExportLogsServiceResponse or ExportMetricsServiceResponse. Empty is "all taken", in JSON too.
Result<OtlpAnswer> read_otlp_answer(std::string_view body, OtlpEncoding encoding, OtlpSignal signal);

/// google.rpc.Status, of every other status.
struct RpcStatus {
    std::int32_t code = 0;  // of gRPC; 0 where it has none
    std::string message;
    bool has_retry_info = false;  // RESOURCE_EXHAUSTED may be tried again only then
    std::uint64_t retry_after_ns = 0;
};

Result<RpcStatus> read_rpc_status(std::string_view body, OtlpEncoding encoding);
/// The same from the trailer grpc-status-details-bin: base64, whose padding may be missing.
Result<RpcStatus> read_rpc_status_details(std::string_view base64_text);

}  // namespace whodid
