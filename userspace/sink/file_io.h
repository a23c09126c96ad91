// SPDX-License-Identifier: Apache-2.0
// Files that must be whole: written to the end, replaced at once, read within bounds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace whodid {

/// All of it, or an Error that begins with `what`: then `written` bytes of it are there.
Result<void> write_whole(int fd, std::string_view bytes, std::string_view what = "cannot write",
                         std::size_t* written = nullptr);

/// Whether a write could be done: room for a few events behind the end of a file; what cannot tell has it.
Result<void> look_for_room(int fd);

/// A new regular file; EEXIST if there is something by that name, a link too.
Result<Fd> create_file(const std::string& path, mode_t mode);

/// A new file of mode 0640, of the group `whodid` where there is one and the process may give files to it.
Result<Fd> create_for_readers(const std::string& path);

/// A regular file, by no link. `flags` as open(2) has them.
Result<Fd> open_regular(const std::string& path, int flags);

/// Free again when it is closed. EWOULDBLOCK: somebody else has locked it, and it does not wait.
Result<void> lock_file(int fd, const std::string& path, bool waits = true);

/// Whoever opens `path` sees the old file or the new one. It is durable when this returns.
Result<void> replace_file(const std::string& path, std::string_view bytes, mode_t mode);

/// Makes durable which names a directory has.
Result<void> sync_directory(const std::string& path);

/// A regular file of at most `bytes_max`, EFBIG above.
Result<std::string> read_whole(const std::string& path, std::uint64_t bytes_max);

/// 0 where it cannot be told.
std::uint64_t size_of(int fd);

/// Exactly `bytes` from `offset` on; ENODATA: the file is shorter.
Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t bytes);

/// "/a" of "/a/b", "." of "b".
std::string directory_of(const std::string& path);

}  // namespace whodid
