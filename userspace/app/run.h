// SPDX-License-Identifier: Apache-2.0
// whodid run: the service. A supervisor that loads and holds the kernel side, and a worker that reads it.
#pragma once

#include <functional>
#include <string>

#include "app/exit_code.h"
#include "app/options.h"
#include "app/settings.h"

namespace whodid {

/// What can be configured, and what the command line alone says.
struct RunOptions : Settings {
    std::string
        config_path;  // where the settings are from, but for what the command line says; empty: no file
    std::string output_path;  // JSON lines are appended to it; empty: standard output
    LedgerFormat ledger = LedgerFormat::kNone;
    bool idles = false;    // where this kernel cannot be watched, rather than to end
    bool quiet = false;    // no footer
    bool verbose = false;  // more on standard error
};

/// The options as they are configured now.
using RereadOptions = std::function<Result<RunOptions>()>;

/// SIGHUP has them read again; null: it does nothing.
int run(const RunOptions& options, const RereadOptions& reread = {});

}  // namespace whodid
