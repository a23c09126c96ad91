// SPDX-License-Identifier: Apache-2.0
// What an answer means for the records that were sent: the tables of the OTLP specification.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sink/http_answer.h"
#include "sink/otlp_codec.h"
#include "sink/receiver.h"

namespace whodid {

/// No receiver is waited for longer, whatever it asks for: by then it may be another one.
constexpr std::uint64_t kRetryAfterMaxNs = 3600ull * 1'000'000'000;

/// The header Retry-After (RFC 9110, section 10.2.3): seconds, or a date in one of the three forms of section
/// 5.6.7, which is compared with `wall_ns`. In ns, at most kRetryAfterMaxNs; nullopt: it is neither.
std::optional<std::uint64_t> parse_retry_after(std::string_view text, std::uint64_t wall_ns);

/// Of a request over OTLP/HTTP to `where`, a URL that may be shown. `content_type`: of the request.
Outcome http_outcome(const HttpAnswer& answer, const OtlpCodec& codec, std::string_view where,
                     std::string_view content_type, std::uint64_t wall_ns);

/// Of one over gRPC, whose message had `request_bytes` before compression.
Outcome grpc_outcome(const HttpAnswer& answer, const OtlpCodec& codec, std::string_view where,
                     std::size_t request_bytes, std::uint64_t wall_ns);

}  // namespace whodid
