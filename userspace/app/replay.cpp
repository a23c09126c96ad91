// SPDX-License-Identifier: Apache-2.0
// whodid replay.
#include "app/replay.h"

#include <fmt/format.h>

#include <csignal>

#include "app/exit_code.h"
#include "app/view.h"
#include "base/clock.h"
#include "base/escape.h"
#include "source/replay.h"

namespace whodid {

namespace {

/// "RECORDING of web-17, made 2026-11-24 14:02:07 UTC, 30 s, masked"
std::string banner(const RecordingHeader& header) {
    char made[kRfc3339Length];
    format_rfc3339(header.host.clock.wall(header.stream.sensor_start_ns), made);
    const std::string seconds = header.seconds ? fmt::format("{} s", *header.seconds) : "not finished";
    return fmt::format("RECORDING of {}, made {} {} UTC, {}, {}",
                       escape_for_terminal(header.stream.host_name), std::string_view(made, 10),
                       std::string_view(made + 11, 8), seconds, header.masked ? "masked" : "NOT MASKED");
}

/// Whether all go on.
template <class F>
Result<bool> for_each(std::span<Pipeline* const> pipelines, F f) {
    for (Pipeline* pipeline : pipelines)
        if (Result<bool> going = f(*pipeline); !going || !*going) return going;
    return true;
}

}  // namespace

Result<void> play(ReplaySource& source, std::span<Pipeline* const> pipelines) {
    Result<bool> more = true, going = true;
    while (more && *more && going && *going) {
        more = source.drain([&](std::span<const char> record) {
            for (Pipeline* pipeline : pipelines) pipeline->take(record);
        });
        going = for_each(pipelines, [&](Pipeline& pipeline) { return pipeline.advance(source.until_ns()); });
    }
    // Also once it is enough: what is held has to be accounted for.
    if (going)
        going = for_each(pipelines, [](Pipeline& pipeline) {
            const auto finished = pipeline.finish();
            return finished ? Result<bool>(true) : finished;
        });
    if (!going) return going.error();
    return more ? Result<void>() : Result<void>(more.error());
}

Result<void> play(ReplaySource& source, Pipeline& pipeline) {
    Pipeline* const only[] = {&pipeline};
    return play(source, only);
}

int replay(const ReplayOptions& options) {
    ::signal(SIGPIPE, SIG_IGN);  // a reader who is gone comes out as EPIPE
    auto reader = RecordingReader::open(options.path);
    if (!reader) return fail(reader.error());
    ReplaySource source(std::move(*reader));
    const Stream stream = source.header().stream;
    std::string line = banner(source.header());
    if (!options.note.empty()) line += "; " + escape_for_terminal(options.note);
    auto view = View::open(options.view, std::move(line));
    if (!view) return view.error().code == EINVAL ? fail_usage(view.error()) : fail(view.error());
    Ledger ledger;
    PipelineOptions pipeline_options = view->pipeline_options();
    pipeline_options.reorder = false;
    auto pipeline = Pipeline::make(stream, source.header().host, ledger, pipeline_options, &view->sink());
    if (!pipeline) return fail(pipeline.error());
    if (auto begun = view->begin(); !begun) return fail(begun.error());

    const auto played = play(source, **pipeline);
    const bool unread = !played && played.error().code == EPIPE;
    if (!unread) view->print_footer(ledger, (*pipeline)->filter(), (*pipeline)->shown());
    return played ? kOk : fail(played.error());
}

}  // namespace whodid
