// SPDX-License-Identifier: Apache-2.0
// Paths by directory.
#include "base/path_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace whodid {

namespace {

struct Depth {
    std::string_view below;
    std::size_t names;
};
constexpr Depth kDepths[] = {{"/proc/", 1}, {"/sys/", 1}, {"/tmp/", 1}, {"/home/", 3}, {"/var/lib/", 3}};
constexpr std::size_t kDepth = 2;

std::size_t depth_of(std::string_view path) {
    const auto found =
        std::ranges::find_if(kDepths, [&](const Depth& depth) { return path.starts_with(depth.below); });
    return found == std::end(kDepths) ? kDepth : found->names;
}

}  // namespace

std::string path_group(std::string_view path) {
    if (path.empty()) return "-";
    if (!path.starts_with('/')) return "relative";
    const std::size_t depth = depth_of(path);
    std::size_t end = 0, names = 0;
    while (names < depth) {
        const std::size_t next = path.find('/', end + 1);
        if (next == std::string_view::npos) break;
        end = next;
        ++names;
    }
    constexpr std::string_view kHome = "/home/";
    const std::string_view directory = path.substr(0, end), below = names == depth ? "/**" : "/*";
    if (!directory.starts_with(kHome)) return fmt::format("{}{}", directory, below);
    const std::size_t user_end = std::min(directory.find('/', kHome.size()), directory.size());
    return fmt::format("{}*{}{}", kHome, directory.substr(user_end), below);
}

}  // namespace whodid
