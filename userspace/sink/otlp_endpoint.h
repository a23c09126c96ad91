// SPDX-License-Identifier: Apache-2.0
// Where OTLP is sent and with which headers, from what people write: the specification's page
// "OpenTelemetry Protocol Exporter". No Error holds a header's value, or what a URL has before its host or
// after its path.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/http_answer.h"
#include "sink/otlp_signal.h"
#include "sink/settings.h"

namespace whodid {

/// Endpoints as configured or as the environment has them; empty: not set.
struct EndpointChoice {
    std::string_view own;      // OTEL_EXPORTER_OTLP_LOGS_ENDPOINT and the like: taken as it is
    std::string_view general;  // OTEL_EXPORTER_OTLP_ENDPOINT: a base, to which HTTP appends "v1/logs"
    bool insecure = false;     // OTEL_EXPORTER_OTLP_INSECURE: of gRPC, where an endpoint has no scheme
};

/// The whole URL of a signal; the specification's default on this host where none is set. gRPC: without a
/// path.
Result<std::string> otlp_endpoint(OtlpSignal signal, OtlpProtocol protocol, const EndpointChoice& choice);

/// "http" or "https", a host, perhaps a port, a path, a query; no user, since that is a credential in a place
/// that is shown: those go into headers.
Result<void> check_endpoint(std::string_view url);

/// `url` for a message: without user, query and fragment.
std::string shown_endpoint(std::string_view url);

/// A name that HTTP allows, a value in one line, and none of the headers that a sender sets itself.
Result<void> check_header(std::string_view name, std::string_view value);

/// OTEL_EXPORTER_OTLP_HEADERS: "k1=v1,k2=v2" as in W3C Baggage, values percent-encoded, without properties.
Result<HttpHeaders> parse_otlp_headers(std::string_view text);

/// Lines "Name: value"; empty ones and those that begin with '#' are comments.
Result<HttpHeaders> parse_header_lines(std::string_view text);

/// parse_header_lines of a file that root or this process' user owns, with the mode 0600 or 0640 at most. A
/// group may read it: that is how root gives a secret to a service that runs as somebody else, and no file
/// has this mode without somebody's intent. Errors name the path.
Result<HttpHeaders> read_header_file(const std::string& path);

}  // namespace whodid
