// SPDX-License-Identifier: Apache-2.0
// Observer: once a second, what a worker knows of itself: for whoever asks, for metrics, and for the stream,
// which is told what sinks have lost.
#pragma once

#include <memory>
#include <vector>

#include "app/event_rates.h"
#include "app/live.h"
#include "app/metrics_exporter.h"
#include "app/pipeline.h"
#include "app/settings.h"
#include "app/sink_set.h"
#include "app/status.h"
#include "app/status_server.h"
#include "app/trace_server.h"
#include "base/fd.h"

namespace whodid {

class Observer {
public:
    /// Each may be null.
    struct Servers {
        StatusServer* status = nullptr;
        TraceServer* traces = nullptr;
    };

    /// All of them outlive it.
    Observer(Status constant, SinkSet& sinks, const HandOver& hand_over, const Servers& servers,
             std::vector<std::unique_ptr<MetricsExporter>> exporters);

    /// An event that is told.
    void note(const Event& event);
    /// Declares what sinks have lost and publishes how it fares. The ledger so far, the kernel's columns too.
    /// `live`: null where nothing is captured.
    void look(const Ledger& ledger, Pipeline& pipeline, const LiveCapture* live, Moment moment);
    /// Sends the last metrics, and no more.
    void end_exports() { exporters_.clear(); }

private:
    std::vector<SinkSet::NamedLoss> take_losses(Moment moment);
    void describe_room(Status& status, const Pipeline& pipeline, const LiveCapture* live) const;

    const Status constant_;
    SinkSet& sinks_;
    const HandOver& hand_over_;
    const Servers servers_;
    std::vector<std::unique_ptr<MetricsExporter>> exporters_;
    const Fd statm_;
    EventRates rates_;
    TopCounts programs_, people_;  // that do most
};

}  // namespace whodid
