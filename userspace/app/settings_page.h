// SPDX-License-Identifier: Apache-2.0
// The configuration written out: what is in force, the file that is shipped, and docs/configuration.md.
#pragma once

#include <string>

#include "app/settings_reader.h"

namespace whodid {

/// What is in force, as a file that says the same; each key with where it is from. Values of headers and
/// passwords in URLs are "***".
std::string effective_page(const Configuration& configuration);

/// packaging/whodid.yaml: every key with what it means, commented out where the default is meant. Without
/// the # of lines that have no blank after it, it says the same, and has a sink of type otlp.
std::string shipped_page();

/// docs/configuration.md.
std::string configuration_markdown();

/// "profile quiet; 20 events/s, 2% of a core; sinks: files (jsonl, /var/log/whodid/)"
std::string describe_settings(const Settings& settings);

}  // namespace whodid
