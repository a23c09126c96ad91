// SPDX-License-Identifier: Apache-2.0
// Paths as text.
#include "enrich/paths.h"

namespace whodid {

std::string_view join_path(std::string_view base, std::string_view name, Arena& arena) {
    if (name.empty()) return arena.copy(base);
    const bool absolute = name.front() == '/' || base.starts_with('/');
    if (base == "/") base = {};
    char* const path = arena.allocate(base.size() + name.size() + 2);  // a slash before the name, and alone
    std::size_t size = 0;
    const auto append = [&](std::string_view text) { size += text.copy(path + size, text.size()); };
    append(base);
    // The root of a process is as far up as its absolute names can lead.
    const std::size_t floor = name.front() == '/' ? size : 0;
    while (!name.empty()) {
        const std::size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
        if (part.empty() || part == ".") continue;
        if (part == ".." && absolute) {
            if (size > floor) size = std::string_view(path, size).rfind('/');
            continue;
        }
        if (absolute || size > 0) append("/");
        append(part);
    }
    if (size == 0) append(absolute ? "/" : ".");
    return {path, size};
}

}  // namespace whodid
