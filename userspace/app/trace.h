// SPDX-License-Identifier: Apache-2.0
// The commands' work: trace, check, record, replay, fields. main.cpp reads the arguments.
#pragma once

#include <string>

#include "app/pipeline.h"
#include "sink/stream_sink.h"
#include "source/loader.h"

namespace whodid {

/// Exit codes (ARCHITECTURE, "Command line").
enum ExitCode { kOk = 0, kRuntimeError = 1, kUsageError = 2, kUnmet = 3 };

struct TraceOptions {
    PipelineOptions pipeline;
    LoadOptions load;
    Format format = Format::kText;
    TextOptions text;
    std::string write_path;  // -w; empty: standard output
    std::uint64_t duration_ns = 0;
    bool quiet = false;  // no footer
};

int trace(const TraceOptions& options);

}  // namespace whodid
