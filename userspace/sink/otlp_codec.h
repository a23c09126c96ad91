// SPDX-License-Identifier: Apache-2.0
// OtlpCodec: the messages of OTLP, as the transport asks for them; in protobuf or in JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/metric.h"
#include "sink/receiver.h"

namespace whodid {

struct OtlpCodec {
    /// ExportLogsServiceResponse and ExportMetricsServiceResponse: what was not taken, and why.
    struct Response {
        std::uint64_t rejected = 0;
        std::string message;
    };
    /// google.rpc.Status; the delay is that of a google.rpc.RetryInfo among its details.
    struct Status {
        int code = 0;
        std::string message;
        std::optional<std::uint64_t> retry_after_ns;
    };

    /// Append a request.
    std::function<void(std::span<const SpoolRecord>, std::string&)> make_logs_request;
    std::function<void(std::span<const Metric>, std::string&)> make_metrics_request;
    /// nullopt: it is none.
    std::function<std::optional<Response>(std::string_view)> read_response;
    std::function<std::optional<Status>(std::string_view)> read_status;
    /// The trailer grpc-status-details-bin: base64 of a Status in protobuf. Not called for HTTP.
    std::function<std::optional<Status>(std::string_view)> read_status_details;
};

}  // namespace whodid
