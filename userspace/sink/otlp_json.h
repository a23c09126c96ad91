// SPDX-License-Identifier: Apache-2.0
// OTLP/JSON of a request: what http/json and the file format of one request a line want.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/otlp_signal.h"

namespace whodid {

/// Of an ExportLogsServiceRequest or ExportMetricsServiceRequest. As the specification has it: lowerCamelCase
/// keys, 64-bit integers as text, enumerations as numbers, ids in hex and other bytes in base64. One line,
/// without a newline. What the table does not know (histograms, exemplars, ...) is left out, as protobuf's
/// readers do; an error only when it is no protobuf, or values lie in values more than 32 deep.
Result<std::string> to_otlp_json(std::string_view request, OtlpSignal signal);

}  // namespace whodid
