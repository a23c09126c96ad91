// SPDX-License-Identifier: Apache-2.0
// whodid trace: this machine, live.
#pragma once

#include <cstdint>
#include <string>

#include "app/exit_code.h"
#include "app/live.h"
#include "app/options.h"
#include "source/loader.h"

namespace whodid {

struct TraceOptions {
    ViewOptions view;
    LoadOptions load;
    std::uint64_t duration_ns = 0;  // 0: until stopped
    std::uint64_t canary_ns = kCanaryNs;
    std::string seen_path;  // the programs seen before; empty: since now

    bool standalone = false;  // programs of its own, whoever else has some
    std::string socket;       // of a daemon; empty: the default, where there may be none
    std::string own_option;   // an option that was given, and goes with programs of its own alone
};

int trace(const TraceOptions& options);

}  // namespace whodid
