// SPDX-License-Identifier: Apache-2.0
// OtlpReceiver: a receiver of OTLP, over HTTP or gRPC.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/metric.h"
#include "base/result.h"
#include "sink/curl.h"
#include "sink/gzip.h"
#include "sink/otlp_codec.h"
#include "sink/receiver.h"
#include "sink/settings.h"

namespace whodid {

/// Of a request before compression, as the OTLP specification recommends it.
constexpr std::size_t kOtlpRequestBytesMax = 64u << 20;

class OtlpReceiver : public Receiver {
public:
    /// `version`: of the sensor, for its User-Agent. `codec` makes and reads what the settings' protocol
    /// sends. An Error: the settings cannot be used, or libcurl is not there; nothing is connected yet.
    static Result<std::unique_ptr<OtlpReceiver>> make(const OtlpSettings& settings, OtlpCodec codec,
                                                      std::string_view version);

    Outcome deliver(std::span<const SpoolRecord> records) override;
    void cancel() override { client_->cancel(); }
    /// The same for the sensor's own numbers; kTaken without a request where the settings have no endpoint.
    Outcome deliver_metrics(std::span<const Metric> metrics);

private:
    OtlpReceiver(OtlpSettings settings, OtlpCodec codec, std::unique_ptr<HttpClient> client,
                 HttpHeaders headers);

    Outcome send(const std::string& endpoint, std::string_view grpc_path);
    std::string_view make_body();

    OtlpSettings settings_;
    OtlpCodec codec_;
    std::unique_ptr<HttpClient> client_;
    HttpHeaders headers_;
    Gzip gzip_;
    std::string request_, compressed_, body_;  // their memory is used again
};

}  // namespace whodid
