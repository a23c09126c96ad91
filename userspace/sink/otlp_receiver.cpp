// SPDX-License-Identifier: Apache-2.0
// Sends OTLP.
#include "sink/otlp_receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "sink/grpc_frame.h"
#include "sink/otlp_endpoint.h"
#include "sink/otlp_outcome.h"

namespace whodid {
namespace {

constexpr std::string_view kLogsService = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
constexpr std::string_view kMetricsService =
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

std::string_view content_type_of(OtlpProtocol protocol) {
    switch (protocol) {
        case OtlpProtocol::kHttpProtobuf:
            return "application/x-protobuf";
        case OtlpProtocol::kHttpJson:
            return "application/json";
        case OtlpProtocol::kGrpc:
            return "application/grpc";
    }
    return "";
}

/// Those of the settings, of their file, and what the protocol asks for.
Result<HttpHeaders> headers_of(const OtlpSettings& settings) {
    HttpHeaders headers = settings.headers;
    for (std::size_t at = 0; at < headers.size(); ++at)
        if (auto ok = check_header(headers[at].first, headers[at].second); !ok)
            return Error{fmt::format("header {} {}", at + 1, ok.error().message), EINVAL};
    if (!settings.headers_path.empty()) {
        auto secret = read_header_file(settings.headers_path);
        if (!secret) return secret.error();
        headers.insert(headers.end(), secret->begin(), secret->end());
    }
    if (settings.protocol != OtlpProtocol::kGrpc) {
        if (settings.gzip) headers.emplace_back("Content-Encoding", "gzip");
        return headers;
    }
    headers.emplace_back("TE", "trailers");
    headers.emplace_back("grpc-timeout", grpc_timeout(settings.timeout_ns));
    headers.emplace_back("grpc-accept-encoding", "identity,gzip");
    if (settings.gzip) headers.emplace_back("grpc-encoding", "gzip");
    return headers;
}

std::string user_agent(std::string_view version) {
    return fmt::format("whodid/{0} OTel-OTLP-Exporter-Cpp/{0}", version);
}

Result<void> check_endpoints(const OtlpSettings& settings) {
    if (auto logs = check_endpoint(settings.endpoint); !logs) return logs;
    if (settings.metrics_endpoint.empty()) return {};
    return check_endpoint(settings.metrics_endpoint);
}

std::string without_slash(const std::string& url) {
    return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

}  // namespace

OtlpReceiver::OtlpReceiver(OtlpSettings settings, OtlpCodec codec, std::unique_ptr<HttpClient> client,
                           HttpHeaders headers)
    : settings_(std::move(settings)),
      codec_(std::move(codec)),
      client_(std::move(client)),
      headers_(std::move(headers)) {}

Result<std::unique_ptr<OtlpReceiver>> OtlpReceiver::make(const OtlpSettings& settings, OtlpCodec codec,
                                                         std::string_view version) {
    if (auto ok = check_endpoints(settings); !ok) return ok.error();
    auto headers = headers_of(settings);
    if (!headers) return headers.error();
    auto client =
        HttpClient::make({user_agent(version), settings.ca_path, settings.certificate_path, settings.key_path,
                          settings.proxy, settings.timeout_ns, settings.protocol == OtlpProtocol::kGrpc});
    if (!client) return client.error();
    return std::unique_ptr<OtlpReceiver>(
        new OtlpReceiver(settings, std::move(codec), std::move(*client), std::move(*headers)));
}

Outcome OtlpReceiver::deliver(std::span<const SpoolRecord> records) {
    if (records.empty()) return {};
    request_.clear();
    codec_.make_logs_request(records, request_);
    Outcome outcome = send(settings_.endpoint, kLogsService);
    outcome.rejected = std::min<std::uint64_t>(outcome.rejected, records.size());
    return outcome;
}

Outcome OtlpReceiver::deliver_metrics(std::span<const Metric> metrics) {
    if (metrics.empty() || settings_.metrics_endpoint.empty()) return {};
    request_.clear();
    codec_.make_metrics_request(metrics, request_);
    return send(settings_.metrics_endpoint, kMetricsService);
}

/// Sends `request_`.
Outcome OtlpReceiver::send(const std::string& endpoint, std::string_view grpc_path) {
    const std::string where = shown_endpoint(endpoint);
    if (request_.size() > kOtlpRequestBytesMax)
        return {
            Outcome::What::kTooLarge, 0, 0,
            fmt::format("a request to {} would have {} bytes, and OTLP recommends at most {} MiB: not sent",
                        where, request_.size(), kOtlpRequestBytesMax >> 20)};
    const bool is_grpc = settings_.protocol == OtlpProtocol::kGrpc;
    const std::string_view content_type = content_type_of(settings_.protocol);
    const std::string url = is_grpc ? without_slash(endpoint).append(grpc_path) : endpoint;
    const HttpAnswer answer = client_->post(url, content_type, make_body(), headers_);
    return is_grpc ? grpc_outcome(answer, codec_, where, request_.size(), wall_now_ns())
                   : http_outcome(answer, codec_, where, content_type, wall_now_ns());
}

/// `request_` as it goes over the wire.
std::string_view OtlpReceiver::make_body() {
    compressed_.clear();
    if (settings_.gzip) gzip_.append(request_, compressed_);
    const std::string& message = settings_.gzip ? compressed_ : request_;
    if (settings_.protocol != OtlpProtocol::kGrpc) return message;
    body_.clear();
    append_grpc_frame(message, settings_.gzip, body_);
    return body_;
}

}  // namespace whodid
