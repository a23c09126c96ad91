// SPDX-License-Identifier: Apache-2.0
// The sinks of a configuration.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/lines_sink.h"
#include "app/metrics_exporter.h"
#include "app/settings.h"
#include "app/sink_set.h"

namespace whodid {

/// What all sinks of a worker have in common. Outlives them.
struct SinkSurroundings {
    const Stream& stream;         // its host and start
    bool may_be_torn = false;     // a predecessor died when it was writing
    std::string state_directory;  // where the keys of event files are kept
};

/// That of the spool.
std::string state_directory(const Settings& settings);

LineEncoder line_encoder(LineFormat format, const Stream& stream);

/// Adds each of them but the one whose path is "-", which the service writes to as its output.
Result<void> add_sinks(const std::vector<SinkSettings>& settings, const SinkSurroundings& around,
                       SinkSet& sinks);

/// What is worth a word to the operator: a spool of no sink that is configured, whose events nobody sends.
std::vector<std::string> orphaned_spools(const std::vector<SinkSettings>& settings,
                                         const std::string& state_directory);

/// For each OTLP sink that has an endpoint for metrics.
std::vector<std::unique_ptr<MetricsExporter>> make_metrics_exporters(
    const std::vector<SinkSettings>& settings, const SinkSurroundings& around);

}  // namespace whodid
