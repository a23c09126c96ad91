// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's environment variables.
#include "app/otel_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/escape.h"
#include "sink/percent.h"

namespace whodid {

namespace {

enum class OtelForm { kText, kMilliseconds, kBaggage };

struct OtelVariable {
    std::string_view name, signal_name;  // that of logs counts more; empty: there is none
    std::string_view key;
    OtelForm form;
};

constexpr OtelVariable kOtelVariables[] = {
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "protocol", OtelForm::kText},
    {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "headers", OtelForm::kBaggage},
    {"OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "compression", OtelForm::kText},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "timeout", OtelForm::kMilliseconds},
    {"OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "tls.ca", OtelForm::kText},
    {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", "tls.certificate",
     OtelForm::kText},
    {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "tls.key", OtelForm::kText},
    {"OTEL_BLRP_SCHEDULE_DELAY", "", "batch.age", OtelForm::kMilliseconds},
    {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "", "batch.records", OtelForm::kText},
    {"OTEL_METRIC_EXPORT_INTERVAL", "", "metrics_every", OtelForm::kMilliseconds},
};

constexpr std::string_view kEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT",
                           kLogsEndpoint = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                           kMetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                           kAttributes = "OTEL_RESOURCE_ATTRIBUTES", kServiceName = "OTEL_SERVICE_NAME";

bool is_variable_true(const Environment& environment, std::string_view name) {
    return equals_lower_ascii(variable_of(environment, name), "true");
}

/// The one of the two that counts; empty: neither is set.
std::string_view name_in_force(const Environment& environment, const OtelVariable& variable) {
    for (const std::string_view name : {variable.signal_name, variable.name})
        if (!name.empty() && !variable_of(environment, name).empty()) return name;
    return {};
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Of gRPC an endpoint may have no scheme.
std::string with_scheme(const Environment& environment, std::string_view endpoint) {
    const OtelVariable& protocol = kOtelVariables[0];
    const bool is_grpc = variable_of(environment, name_in_force(environment, protocol)) == "grpc";
    if (!is_grpc || endpoint.find("://") != endpoint.npos) return std::string(endpoint);
    const bool is_insecure = is_variable_true(environment, "OTEL_EXPORTER_OTLP_INSECURE");
    return fmt::format("{}://{}", is_insecure ? "http" : "https", endpoint);
}

void add_endpoints(std::vector<OtelValue>& to, const Environment& environment) {
    const auto add = [&](std::string_view key, std::string_view variable) {
        const std::string_view value = variable_of(environment, variable);
        if (!value.empty())
            to.push_back({std::string(key), std::string(variable), {{"", with_scheme(environment, value)}}});
        return !value.empty();
    };
    const bool is_general = add("endpoint", kEndpoint);
    add("logs_endpoint", kLogsEndpoint);
    const bool wants_metrics = variable_of(environment, "OTEL_METRICS_EXPORTER") != "none";
    if (wants_metrics && !add("metrics_endpoint", kMetricsEndpoint) && is_general)
        to.push_back({"metrics_endpoint", std::string(kEndpoint), {{"", "auto"}}});
}

/// Values are not told: headers have secrets.
NamedTexts read_baggage(const Environment& environment, std::string_view name,
                        std::vector<std::string>& warnings) {
    auto pairs = parse_baggage(variable_of(environment, name));
    if (pairs) return *pairs;
    warnings.push_back(fmt::format("{}: {}; ignored", name, pairs.error().message));
    return {};
}

void add_resource(std::vector<OtelValue>& to, const Environment& environment,
                  std::vector<std::string>& warnings) {
    NamedTexts pairs = read_baggage(environment, kAttributes, warnings);
    const std::string_view service = variable_of(environment, kServiceName);
    if (!service.empty()) {
        std::erase_if(pairs, [](const auto& pair) { return pair.first == "service.name"; });
        pairs.emplace_back("service.name", service);
    }
    if (pairs.empty()) return;
    const std::string_view variable = service.empty() ? kAttributes : kServiceName;
    to.push_back({"resource", std::string(variable), std::move(pairs)});
}

bool has_only_digits(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

}  // namespace

std::string_view variable_of(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<OtelValue> otel_values(const Environment& environment, std::vector<std::string>& warnings) {
    std::vector<OtelValue> values;
    if (is_variable_true(environment, "OTEL_SDK_DISABLED")) return values;
    add_endpoints(values, environment);
    for (const OtelVariable& variable : kOtelVariables) {
        const std::string_view name = name_in_force(environment, variable);
        if (name.empty()) continue;
        OtelValue value{std::string(variable.key), std::string(name), {}};
        if (variable.form == OtelForm::kBaggage) {
            value.values = read_baggage(environment, name, warnings);
            if (value.values.empty()) continue;
        } else {
            std::string text(variable_of(environment, name));
            if (variable.form == OtelForm::kMilliseconds && has_only_digits(text)) text += "ms";
            value.values.emplace_back("", std::move(text));
        }
        values.push_back(std::move(value));
    }
    add_resource(values, environment, warnings);
    return values;
}

bool asks_for_otlp(const Environment& environment) {
    return !is_variable_true(environment, "OTEL_SDK_DISABLED") &&
           variable_of(environment, "OTEL_LOGS_EXPORTER") != "none" &&
           !(variable_of(environment, kEndpoint).empty() && variable_of(environment, kLogsEndpoint).empty());
}

std::string signal_endpoint(std::string_view endpoint, std::string_view signal, OtlpProtocol protocol) {
    if (protocol == OtlpProtocol::kGrpc) return std::string(endpoint);
    return fmt::format("{}{}v1/{}", endpoint, endpoint.ends_with('/') ? "" : "/", signal);
}

Result<NamedTexts> parse_baggage(std::string_view text) {
    NamedTexts pairs;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view member = trimmed(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (member.empty()) continue;
        const std::size_t equals = member.find('=');
        const std::string name(trimmed(member.substr(0, equals)));
        bool is_clean = equals != member.npos;
        std::string value;
        if (is_clean) value = percent_decode(trimmed(member.substr(equals + 1)), &is_clean);
        if (name.empty() || !is_clean)
            return Error{fmt::format("entry {} is not NAME=VALUE, with %XX for what is no plain character",
                                     pairs.size() + 1),
                         EINVAL};
        pairs.emplace_back(name, std::move(value));
    }
    return pairs;
}

}  // namespace whodid
