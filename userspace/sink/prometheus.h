// SPDX-License-Identifier: Apache-2.0
// Metrics as Prometheus reads them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/metric.h"

namespace whodid {

constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

/// The text exposition format, 0.0.4. Names are OpenTelemetry's with what Prometheus adds ("Prometheus and
/// OpenMetrics Compatibility" of its specification): underscores, the unit (_bytes, _seconds; _ratio for a
/// gauge of unit "1"; nothing for "" and "{event}"), _total for a counter. Sorted by name, the points as they
/// come. Metrics without a point are left out, of points with the same labels all but the first.
std::string prometheus_text(std::span<const Metric> metrics);

/// "whodid_events_total"
std::string prometheus_name(const Metric& metric);

}  // namespace whodid
