// SPDX-License-Identifier: Apache-2.0
// The text exposition format.
#include "sink/prometheus.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/escape.h"

namespace whodid {

namespace {

std::string_view unit_suffix(const Metric& metric) {
    if (metric.unit == "By") return "_bytes";
    if (metric.unit == "s") return "_seconds";
    if (metric.unit == "1" && metric.sort == Metric::Sort::kGauge) return "_ratio";
    return "";
}

/// [a-zA-Z0-9_], and no digit in front: everything else is a "_".
std::string as_identifier(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool digit = c >= '0' && c <= '9';
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (digit && out.empty()) out += '_';
        out += digit || letter ? c : '_';
    }
    return out;
}

void append_suffix(std::string& name, std::string_view suffix) {
    if (!name.ends_with(suffix)) name += suffix;
}

/// Help has no quotes around it, so those stay as they are.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char c : to_utf8_replacing(text)) {
        if (c == '\n')
            out += "\\n";
        else if (c == '\\' || (quotes && c == '"'))
            (out += '\\') += c;
        else
            out += c;
    }
}

/// The shortest that is read back as the same number.
void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        char digits[40];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
}

std::string labels_of(const MetricPoint& point) {
    std::string out;
    for (const auto& [name, value] : point.labels) {
        out += out.empty() ? '{' : ',';
        out += as_identifier(name);
        out += "=\"";
        append_escaped(out, value, true);
        out += '"';
    }
    if (!out.empty()) out += '}';
    return out;
}

void append_head(std::string& out, const std::string& name, const Metric& metric) {
    out += "# HELP " + name + ' ';
    append_escaped(out, metric.doc, false);
    out += "\n# TYPE " + name + (metric.sort == Metric::Sort::kCounter ? " counter\n" : " gauge\n");
}

}  // namespace

std::string prometheus_name(const Metric& metric) {
    std::string name = as_identifier(metric.name);
    append_suffix(name, unit_suffix(metric));
    if (metric.sort == Metric::Sort::kCounter) append_suffix(name, "_total");
    return name;
}

std::string prometheus_text(std::span<const Metric> metrics) {
    std::multimap<std::string, const Metric*> sorted;
    for (const Metric& metric : metrics)
        if (!metric.points.empty()) sorted.emplace(prometheus_name(metric), &metric);
    std::string out;
    std::string last;
    std::set<std::string> told;  // labels, of this name
    for (const auto& [name, metric] : sorted) {
        if (name != last) {
            append_head(out, name, *metric);
            told.clear();
            last = name;
        }
        for (const MetricPoint& point : metric->points) {
            const auto [labels, added] = told.insert(labels_of(point));
            if (!added) continue;
            out += name + *labels + ' ';
            append_number(out, point.value);
            out += '\n';
        }
    }
    return out;
}

}  // namespace whodid
