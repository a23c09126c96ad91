// SPDX-License-Identifier: Apache-2.0
// Idling: what `run --idle` does where the kernel cannot be watched. Whoever starts services would otherwise
// start this one again and again, and of all that nobody would hear why.
#pragma once

#include <string>

#include "app/supervisor.h"

namespace whodid {

/// Tells `why` in one event, and in the status and its metrics, until `stop_fd` is readable. The exit code.
int idle(const RunOptions& options, const std::string& why, Supervisor::Surroundings around, int stop_fd);

}  // namespace whodid
