// SPDX-License-Identifier: Apache-2.0
// Parser of mountinfo, and the walk over its mounts.
#include "enrich/mount_table.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>

#include "enrich/scan.h"

namespace whodid {
namespace {

// Blanks, tabs, newlines and backslashes come as three octal digits.
std::string octal_unescape(std::string_view text) {
    const auto octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) &&
                             octal(text[i + 2]) && octal(text[i + 3]);
        if (!escaped) {
            out += text[i];
            continue;
        }
        out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
        i += 3;
    }
    return out;
}

// "67 44 254:0 /var/root / rw,relatime shared:1 - ext4 /dev/vda rw"
std::optional<Mount> parse_line(std::string_view line) {
    Mount mount;
    const auto id = parse_decimal<std::uint32_t>(take_until(line, ' '));
    const auto parent = parse_decimal<std::uint32_t>(take_until(line, ' '));
    const auto major = parse_decimal<std::uint32_t>(take_until(line, ':'));
    const auto minor = parse_decimal<std::uint32_t>(take_until(line, ' '));
    if (!id || !parent || !major || !minor || *major >= 1u << 12 || *minor >= 1u << 20) return std::nullopt;
    mount.id = *id;
    mount.parent = *parent;
    mount.dev = *major << 20 | *minor;
    mount.root = octal_unescape(take_until(line, ' '));
    mount.point = octal_unescape(take_until(line, ' '));
    while (!line.empty() && take_until(line, ' ') != "-") {
    }
    mount.type = take_until(line, ' ');
    if (!mount.point.starts_with('/') || mount.type.empty()) return std::nullopt;
    return mount;
}

// A mount that shows this file system's directory; of several the one that shows most of it.
const Mount* find_showing(const MountTable& host, const Mount& inside) {
    const Mount* found = nullptr;
    for (const Mount& mount : host.mounts()) {
        if (mount.dev != inside.dev || !is_below(inside.root, mount.root)) continue;
        if (found && found->root.size() <= mount.root.size()) continue;
        const std::string there = moved_path(inside.root, mount.root, mount.point);
        if (host.covering(there) == &mount) found = &mount;
    }
    return found;
}

}  // namespace

MountTable::MountTable(std::string_view mountinfo, std::size_t max) {
    while (!mountinfo.empty() && mounts_.size() < max)
        if (auto mount = parse_line(take_until(mountinfo, '\n'))) mounts_.push_back(std::move(*mount));
    std::unordered_set<std::uint32_t> listed;
    for (const Mount& mount : mounts_) {
        children_.emplace(mount.parent, &mount);
        listed.insert(mount.id);
    }
    for (const Mount& mount : mounts_)
        if (!root_ && mount.point == "/" && !listed.contains(mount.parent)) root_ = &mount;
}

const Mount* MountTable::covering(std::string_view path) const {
    const Mount* at = root_;
    // A table that somebody made up may go round in circles.
    for (std::size_t steps = 0; at && steps < mounts_.size(); ++steps) {
        const Mount* next = nullptr;
        const auto [first, last] = children_.equal_range(at->id);
        for (auto child = first; child != last; ++child) {
            const Mount* mount = child->second;
            if (mount == at || !is_below(path, mount->point)) continue;
            if (!next || mount->point.size() < next->point.size()) next = mount;
        }
        if (!next) break;
        at = next;
    }
    return at;
}

std::vector<SharedDirectory> shared_directories(const MountTable& inside, const MountTable& host) {
    std::vector<SharedDirectory> directories;
    for (const Mount& mount : inside.mounts()) {
        if (inside.covering(mount.point) != &mount) continue;
        const Mount* shows = find_showing(host, mount);
        directories.push_back({mount.point,
                               shows ? moved_path(mount.root, shows->root, shows->point) : std::string(),
                               mount.dev});
    }
    std::ranges::stable_sort(directories, std::ranges::greater{},
                             [](const SharedDirectory& d) { return d.inside.size(); });
    return directories;
}

}  // namespace whodid
