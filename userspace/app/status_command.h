// SPDX-License-Identifier: Apache-2.0
// whodid status: asks the sensor that runs on this machine how it fares.
#pragma once

#include <optional>
#include <string>

#include "app/listener.h"
#include "base/result.h"

namespace whodid {

enum class Probe { kReady, kLive };

struct StatusOptions {
    bool json = false;
    std::optional<Probe> probe;  // nothing on standard output; the exit code tells
    std::string socket = kStatusSocket;
};

/// The exit code: kOk, kIncomplete when something is wrong that the status names; of a probe kRuntimeError
/// when it fails; kRuntimeError when nobody answers, kUnmet when this user may not ask.
int status(const StatusOptions& options);

/// The whole answer to GET `target`, as it came. Errors say what to do.
Result<std::string> ask_sensor(const std::string& socket, const std::string& target);

}  // namespace whodid
