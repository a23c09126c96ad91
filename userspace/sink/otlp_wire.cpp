// SPDX-License-Identifier: Apache-2.0
// Encoder and readers behind the transport's questions.
#include "sink/otlp_wire.h"

#include <memory>
#include <utility>

#include "base/clock.h"
#include "sink/otlp_answer.h"
#include "sink/otlp_json.h"

namespace whodid {

namespace {

std::optional<OtlpCodec::Status> status_of(const Result<RpcStatus>& read) {
    if (!read) return std::nullopt;
    OtlpCodec::Status status{read->code, read->message, std::nullopt};
    if (read->has_retry_info) status.retry_after_ns = read->retry_after_ns;
    return status;
}

class Wire {
public:
    Wire(OtlpProtocol protocol, EncodedSource source)
        : encoding_(protocol == OtlpProtocol::kHttpJson ? OtlpEncoding::kJson : OtlpEncoding::kProtobuf),
          source_(std::move(source)),
          start_ns_(wall_now_ns()) {}

    void ask_logs(std::span<const SpoolRecord> records, std::string& out) {
        signal_ = OtlpSignal::kLogs;
        put(out, [&](std::string& to) { append_logs_request(source_, records, to); });
    }
    void ask_metrics(std::span<const Metric> metrics, std::string& out) {
        signal_ = OtlpSignal::kMetrics;
        put(out,
            [&](std::string& to) { append_metrics_request(source_, metrics, start_ns_, wall_now_ns(), to); });
    }
    std::optional<OtlpCodec::Response> response(std::string_view body) const {
        const auto read = read_otlp_answer(body, encoding_, signal_);
        if (!read) return std::nullopt;
        return OtlpCodec::Response{read->rejected, read->message};
    }
    std::optional<OtlpCodec::Status> status(std::string_view body) const {
        return status_of(read_rpc_status(body, encoding_));
    }

private:
    template <class F>
    void put(std::string& out, F append) {
        if (encoding_ == OtlpEncoding::kProtobuf) return append(out);
        request_.clear();
        append(request_);
        if (auto json = to_otlp_json(request_, signal_)) out += *json;
    }

    const OtlpEncoding encoding_;
    const EncodedSource source_;
    const std::uint64_t start_ns_;
    OtlpSignal signal_ = OtlpSignal::kLogs;
    std::string request_;
};

}  // namespace

OtlpCodec otlp_codec(OtlpProtocol protocol, EncodedSource source) {
    const auto wire = std::make_shared<Wire>(protocol, std::move(source));
    return {
        [wire](std::span<const SpoolRecord> records, std::string& out) { wire->ask_logs(records, out); },
        [wire](std::span<const Metric> metrics, std::string& out) { wire->ask_metrics(metrics, out); },
        [wire](std::string_view body) { return wire->response(body); },
        [wire](std::string_view body) { return wire->status(body); },
        [](std::string_view text) { return status_of(read_rpc_status_details(text)); },
    };
}

}  // namespace whodid
