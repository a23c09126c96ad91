// SPDX-License-Identifier: Apache-2.0
// Paths by the directory they are in.
#pragma once

#include <string>
#include <string_view>

namespace whodid {

/// "/usr/lib/**" of /usr/lib/x86_64-linux-gnu/libc.so.6, "/etc/*" of /etc/passwd: the directory, cut where
/// below it nobody wants to tell apart. Home directories are one.
/// "-" of no path.
std::string path_group(std::string_view path);

}  // namespace whodid
