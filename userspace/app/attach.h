// SPDX-License-Identifier: Apache-2.0
// whodid trace beside a daemon: what that tells, filtered and shown here.
#pragma once

#include <optional>

#include "app/trace.h"
#include "app/view.h"

namespace whodid {

/// The exit code; nullopt: nobody listens on the socket, so that programs of its own are needed.
std::optional<int> attach(const TraceOptions& options, View& view);

}  // namespace whodid
