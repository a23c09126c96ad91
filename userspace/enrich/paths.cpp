// SPDX-License-Identifier: Apache-2.0
// Paths as text.
#include "enrich/paths.h"

namespace whodid {

std::string join_path(std::string_view base, std::string_view name) {
    if (name.empty()) return std::string(base);
    const bool absolute = name.front() == '/' || base.starts_with('/');
    std::string path(base == "/" ? std::string_view() : base);
    // The root of a process is as far up as its absolute names can lead.
    const std::size_t floor = name.front() == '/' ? path.size() : 0;
    while (!name.empty()) {
        const std::size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
        if (part.empty() || part == ".") continue;
        if (part == ".." && absolute) {
            if (path.size() > floor) path.erase(path.rfind('/'));
            continue;
        }
        if (absolute || !path.empty()) path += '/';
        path += part;
    }
    return path.empty() ? std::string(absolute ? "/" : ".") : path;
}

}  // namespace whodid
