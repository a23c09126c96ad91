// SPDX-License-Identifier: Apache-2.0
// The command line.
#include <CLI/CLI.hpp>

#include "app/trace.h"

int main(int argc, char** argv) {
    CLI::App app("whodid: which person did what on this machine");
    app.require_subcommand(1);
    whodid::TraceOptions trace;
    auto* command = app.add_subcommand("trace", "Shows what people do, live");
    command->add_option("kinds", trace.pipeline.filter.kinds, "Kinds of events");
    command->add_flag("-a,--all", trace.pipeline.filter.everything);
    const std::map<std::string, whodid::Format> formats = {{"text", whodid::Format::kText},
                                                           {"wide", whodid::Format::kWide},
                                                           {"json", whodid::Format::kJson},
                                                           {"flat", whodid::Format::kFlat}};
    command->add_option("-o,--output", trace.format)->transform(CLI::CheckedTransformer(formats));
    std::uint64_t seconds = 0;
    command->add_option("-d,--duration", seconds);
    CLI11_PARSE(app, argc, argv);
    trace.duration_ns = seconds * 1'000'000'000;
    return whodid::trace(trace);
}
