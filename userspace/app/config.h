// SPDX-License-Identifier: Apache-2.0
// whodid config: whether a configuration is right, what it comes to, and what can be in one.
#pragma once

#include <string>

namespace whodid {

/// Says what is wrong on standard error, or on standard output what the daemon would do. kOk or
/// kConfigInvalid.
int config_check(const std::string& path);

/// What is in force, as YAML. kOk or kConfigInvalid.
int config_show(const std::string& path);

/// Every key: the shipped file, or docs/configuration.md.
int config_keys(bool as_markdown);

}  // namespace whodid
