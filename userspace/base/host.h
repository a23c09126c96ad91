// SPDX-License-Identifier: Apache-2.0
// Host: the machine's clock and files behind one seam, so that a replay sees the recorded host.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace whodid {

/// Which file it is, whatever it is called: the device in the kernel's encoding, major << 20 | minor.
struct FileId {
    std::uint32_t dev = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileId&) const = default;
};

/// The first `bytes_max` bytes of a regular file, whoever put it there. Errors name the file.
Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max);

class Host {
public:
    virtual ~Host() = default;

    /// A whole small regular file (at most 1 MiB). Errors name the file.
    virtual Result<std::string> read_file(const std::string& path) const = 0;
    /// The same below a directory in which somebody else arranges things, as in a container's root: a
    /// symbolic link on the way is not followed, it would lead into the host. `path` starts with '/'.
    virtual Result<std::string> read_file_below(const std::string& directory,
                                                const std::string& path) const = 0;
    /// Names in a directory, sorted; empty when it cannot be read.
    virtual std::vector<std::string> list(const std::string& path) const = 0;
    /// What a symbolic link points to; empty when it cannot be read.
    virtual std::string link(const std::string& path) const = 0;
    /// Nothing where neither this process finds it nor the machine's first process does.
    virtual std::optional<FileId> identify(const std::string& path) const = 0;
    virtual ClockAnchor anchor() const = 0;
    /// Whether names may be looked up in the host's own name service (NSS).
    virtual bool is_live() const = 0;
};

class LiveHost : public Host {
public:
    Result<std::string> read_file(const std::string& path) const override;
    Result<std::string> read_file_below(const std::string& directory, const std::string& path) const override;
    std::vector<std::string> list(const std::string& path) const override;
    std::string link(const std::string& path) const override;
    std::optional<FileId> identify(const std::string& path) const override;
    ClockAnchor anchor() const override { return ClockAnchor::now(); }
    bool is_live() const override { return true; }
};

/// Files given as literals: a recording's snapshot, or a test's world.
class RecordedHost : public Host {
public:
    std::map<std::string, std::string> files, links;
    std::map<std::string, FileId> ids;
    ClockAnchor clock;

    Result<std::string> read_file(const std::string& path) const override;
    Result<std::string> read_file_below(const std::string& directory, const std::string& path) const override;
    std::vector<std::string> list(const std::string& path) const override;
    std::string link(const std::string& path) const override;
    std::optional<FileId> identify(const std::string& path) const override;
    ClockAnchor anchor() const override { return clock; }
    bool is_live() const override { return false; }
};

}  // namespace whodid
