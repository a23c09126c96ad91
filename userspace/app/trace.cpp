// SPDX-License-Identifier: Apache-2.0
// whodid trace: this machine, live.
#include "app/trace.h"

#include "app/attach.h"
#include "app/detach.h"
#include "app/live.h"
#include "app/own_terminal.h"
#include "app/stop.h"
#include "app/view.h"

namespace whodid {

int trace(const TraceOptions& options) {
    auto view = View::open(options.view);
    if (!view) return view.error().code == EINVAL ? fail_usage(view.error()) : fail(view.error());
    if (!options.standalone)
        if (const auto done = attach(options, *view)) return *done;
    const StopSignals stop;
    const LiveHost host;
    Ledger ledger;
    auto live = LiveCapture::start(options.load);
    if (!live) return fail(live.error());
    detach_behind();  // from here on every way to end is quick, a second Ctrl-C and SIGKILL too
    PipelineOptions kept = view->pipeline_options();
    kept.filter.left_out = own_showing_processes();
    kept.seen_path = options.seen_path;
    auto pipeline = Pipeline::make((*live)->stream(), host, ledger, kept, &view->sink());
    if (!pipeline) return fail(pipeline.error());
    if (auto begun = view->begin(); !begun) return fail(begun.error());
    const auto pumped = (*live)->pump(
        **pipeline, ledger,
        {options.duration_ns, stop.fd(), view->fd(), options.canary_ns, options.load.fold_window});
    const bool unread = !pumped && pumped.error().code == EPIPE;
    if (!unread) view->print_footer(ledger, (*pipeline)->filter(), (*pipeline)->shown());
    return pumped ? kOk : fail(pumped.error());
}

}  // namespace whodid
