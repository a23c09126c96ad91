// SPDX-License-Identifier: Apache-2.0
// The descriptors this process has: what a child lets go of.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

namespace whodid {

/// Those that `keeps` does not want, by number and by what /proc/self/fd says they lead to:
/// "anon_inode:bpf-map", "pipe:[4711]", a path.
std::vector<int> descriptors_but(const std::function<bool(int fd, std::string_view target)>& keeps);

}  // namespace whodid
