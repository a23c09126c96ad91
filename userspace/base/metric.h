// SPDX-License-Identifier: Apache-2.0
// Metric: a number that the sensor tells of itself, whatever it is exported as.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whodid {

struct MetricPoint {
    std::vector<std::pair<std::string_view, std::string>> labels;  // of few values only
    double value = 0;
};

struct Metric {
    enum class Sort { kCounter, kGauge };
    std::string_view name;  // dotted, as OpenTelemetry has it: "whodid.events"
    std::string_view unit;  // UCUM: "{event}", "By", "s", "1"
    std::string_view doc;
    Sort sort = Sort::kGauge;
    std::vector<MetricPoint> points;
};

}  // namespace whodid
