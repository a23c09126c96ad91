// SPDX-License-Identifier: Apache-2.0
// StopSignals: the first Ctrl-C (or SIGTERM, SIGHUP) asks for the end, a second one is the end.
#pragma once

#include "base/fd.h"

namespace whodid {

class StopSignals {
public:
    /// One at a time. Signals that are ignored stay so: nohup and background jobs mean it. SIGPIPE is ignored
    /// from now on, so that a reader who is gone comes out as EPIPE.
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Readable once a signal has come.
    int fd() const { return event_.get(); }

private:
    Fd event_;
};

}  // namespace whodid
