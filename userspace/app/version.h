// SPDX-License-Identifier: Apache-2.0
// whodid version.
#pragma once

#include <string>

namespace whodid {

extern const char* const kVersion;  // "v1.2-3-gabcdef0"
/// "whodid v1.2-3-gabcdef0"
std::string version_line();

int version(bool json);

}  // namespace whodid
