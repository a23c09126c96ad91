// SPDX-License-Identifier: Apache-2.0
// Text of /etc/passwd and /etc/group as entries, in the order of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whodid {

struct PasswdEntry {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string gecos, home, shell;
};

struct GroupEntry {
    std::string name;
    std::uint32_t gid = 0;
    std::vector<std::string> members;
};

/// `skipped` counts the lines that gave no entry: comments, NIS references (+ or - in front) and what is
/// malformed; blank lines are not counted. A name that appears twice is listed twice: as in libc, the first
/// one counts.
template <class Entry>
struct AccountFile {
    std::vector<Entry> entries;
    std::size_t skipped = 0;
};

/// passwd(5): name:password:uid:gid:gecos:home:shell. Needs a name without control bytes and numeric ids;
/// 4294967295 is the kernel's "no id" and is malformed. Fields after gid may be missing.
AccountFile<PasswdEntry> parse_passwd(std::string_view text);

/// A line of passwd with what tells an account from another and where its home is; no password, no names of
/// people.
std::string format_passwd(const PasswdEntry& entry);

/// group(5): name:password:gid:member,member. The members may be missing.
AccountFile<GroupEntry> parse_group(std::string_view text);

}  // namespace whodid
