// SPDX-License-Identifier: Apache-2.0
// MountTable: what is mounted where in one mount namespace, as /proc/PID/mountinfo tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "event/shared_path.h"

namespace whodid {

/// One line of mountinfo: directory `root` of a file system is seen at `point`.
struct Mount {
    std::uint32_t id = 0, parent = 0;
    std::uint32_t dev = 0;  // kernel encoding: major << 20 | minor
    std::string root, point, type;
};

class MountTable {
public:
    /// The text of /proc/PID/mountinfo, see proc(5). Lines that are malformed, or beyond `max`, are left out.
    explicit MountTable(std::string_view mountinfo, std::size_t max = 8192);
    MountTable(const MountTable&) = delete;
    MountTable& operator=(const MountTable&) = delete;

    const std::vector<Mount>& mounts() const { return mounts_; }
    /// The mount an absolute path leads to, by the crossings on its way: what others cover is not found. Null
    /// when the root is not in the table, as for a process in a chroot. The pointer is the table's.
    const Mount* covering(std::string_view path) const;

private:
    const Mount* root_ = nullptr;
    std::vector<Mount> mounts_;
    std::multimap<std::uint32_t, const Mount*> children_;  // by parent's id
};

/// Where on the host the directories of another mount namespace are, for each mount that is visible there;
/// the deepest first. A mount whose file system, or whose part of it, the host does not see has no host's
/// path.
std::vector<SharedDirectory> shared_directories(const MountTable& inside, const MountTable& host);

}  // namespace whodid
