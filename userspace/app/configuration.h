// SPDX-License-Identifier: Apache-2.0
// Where the configuration is read from: a file, conf.d beside it, and the environment.
#pragma once

#include <string>

#include "app/otel_environment.h"
#include "app/settings.h"
#include "app/settings_reader.h"
#include "base/result.h"

namespace whodid {

constexpr const char* kConfigPath = "/etc/whodid/whodid.yaml";

Environment environment_of_process();

/// The file, then conf.d/*.yaml of its directory in the order of their names, then OTEL_* and WHODID_*; each
/// counts more than what is before it. An empty path: the environment alone. Goes on after an error.
Configuration read_configuration(const std::string& path, const Environment& environment);

/// The same for who wants it whole or not at all. The Error (EINVAL) has a line for each thing that is wrong;
/// warnings are logged.
Result<Settings> load_settings(const std::string& path, const Environment& environment);

}  // namespace whodid
