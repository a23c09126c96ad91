// SPDX-License-Identifier: Apache-2.0
// Paths as text.
#pragma once

#include <string_view>

namespace whodid {

/// What stands behind the last slash; all of it where there is none.
constexpr std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace whodid
