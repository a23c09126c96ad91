// SPDX-License-Identifier: Apache-2.0
// One file's paths in two mount namespaces: a container's and the host's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whodid {

/// A mount of another mount namespace, and the same directory as the host sees it.
struct SharedDirectory {
    std::string inside, host;  // absolute; host is empty where the host does not see it
    std::uint32_t dev = 0;     // of its file system, kernel encoding
    bool operator==(const SharedDirectory&) const = default;
};

/// Whether an absolute path is `directory` or lies below it.
bool is_below(std::string_view path, std::string_view directory);

/// A path below `from`, as it is when that directory is called `to`.
std::string moved_path(std::string_view path, std::string_view from, std::string_view to);

/// The host's path of a file that is `path` in the other namespace. `directories`: deepest first. `dev`: of
/// the file's file system, 0 where it is not known. Empty where the host does not see it, or where the file
/// is not on what was mounted there when the directories were looked at.
std::string host_path(const std::vector<SharedDirectory>& directories, std::string_view path,
                      std::uint32_t dev);

}  // namespace whodid
