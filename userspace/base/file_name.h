// SPDX-License-Identifier: Apache-2.0
// Paths as text.
#pragma once

#include <initializer_list>
#include <string_view>

namespace whodid {

/// What stands behind the last slash; all of it where there is none.
constexpr std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Where only root can put a program: a copy elsewhere is somebody else's, whatever its name.
constexpr bool is_system_path(std::string_view path) {
    for (std::string_view directory : {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/nix/store/"})
        if (path.starts_with(directory)) return true;
    return false;
}

}  // namespace whodid
