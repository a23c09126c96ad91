// SPDX-License-Identifier: Apache-2.0
// One file's paths in two mount namespaces.
#include "event/shared_path.h"

#include <algorithm>

namespace whodid {

bool is_below(std::string_view path, std::string_view directory) {
    if (directory == "/") return path.starts_with('/');
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string moved_path(std::string_view path, std::string_view from, std::string_view to) {
    std::string_view rest = path.substr(from == "/" ? 0 : from.size());
    if (rest == "/") rest = {};
    std::string moved(to == "/" ? std::string_view() : to);
    moved += rest;
    return moved.empty() ? "/" : moved;
}

std::string host_path(const std::vector<SharedDirectory>& directories, std::string_view path,
                      std::uint32_t dev) {
    const auto on =
        std::ranges::find_if(directories, [&](const SharedDirectory& d) { return is_below(path, d.inside); });
    if (on == directories.end() || on->host.empty() || (dev != 0 && dev != on->dev)) return {};
    return moved_path(path, on->inside, on->host);
}

}  // namespace whodid
