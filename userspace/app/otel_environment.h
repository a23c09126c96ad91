// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's environment variables, as keys of an otlp sink. opentelemetry.io: "OpenTelemetry
// Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sink/settings.h"

namespace whodid {

using Environment = std::map<std::string, std::string, std::less<>>;

/// Name and value; of what is no map the name is empty.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct OtelValue {
    std::string key;  // of an otlp sink, settings_table.h
    std::string variable;
    NamedTexts values;
};

/// The value of a variable; empty: it is not set, or is set to nothing, which is the same.
std::string_view variable_of(const Environment& environment, std::string_view name);

/// What the variables say, none if OTEL_SDK_DISABLED is true. What cannot be read is told in `warnings`, one
/// line each, and left out.
std::vector<OtelValue> otel_values(const Environment& environment, std::vector<std::string>& warnings);

/// Whether they ask for logs to be sent, although nothing else does.
bool asks_for_otlp(const Environment& environment);

/// Where a signal ("logs", "metrics") goes by a general endpoint: "http://host:4318/base" + "/v1/logs"; by
/// gRPC the endpoint itself.
std::string signal_endpoint(std::string_view endpoint, std::string_view signal, OtlpProtocol protocol);

/// "a=1,b=%20x" (W3C Baggage without properties, values percent-decoded).
Result<NamedTexts> parse_baggage(std::string_view text);

}  // namespace whodid
