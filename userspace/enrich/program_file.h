// SPDX-License-Identifier: Apache-2.0
// ProgramFile: the very file that the kernel started, opened for reading without trusting anybody's word.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/host.h"

namespace whodid {

/// One state of one file: a change of its content, name or rights gives it another time.
struct FileVersion {
    FileId id;
    std::uint64_t ctime_ns = 0, size = 0;  // since 1970; bytes
    bool operator==(const FileVersion&) const = default;
};

struct FileVersionHash {
    std::size_t operator()(const FileVersion& v) const {
        return (v.id.inode ^ v.ctime_ns << 20 ^ v.ctime_ns >> 44) * 0x9e3779b97f4a7c15ull + v.id.dev;
    }
};

/// A program that runs, as the kernel told of it.
struct ProgramPlace {
    FileVersion version;
    std::uint32_t file_system = 0;  // as in statfs(2)
    std::uint32_t pid = 0;
    std::string path;
};

class ProgramFile {
public:
    /// By way of the process, which also leads into containers and to deleted files, or of the path, for what
    /// has ended meanwhile. None where neither leads to this version of this file, or where it lies on a file
    /// system whose reader may be made to wait for ever: FUSE and those of the network.
    static std::optional<ProgramFile> open(const ProgramPlace& place);

    int fd() const { return fd_.get(); }
    /// On this host, not only in a container, it is the file of that path.
    bool is_on_host() const { return on_host_; }
    /// Nothing was changed since it was opened.
    bool is_same() const;

private:
    ProgramFile(Fd fd, const ProgramPlace& place, bool on_host)
        : fd_(std::move(fd)), version_(place.version), file_system_(place.file_system), on_host_(on_host) {}

    Fd fd_;
    FileVersion version_;
    std::uint32_t file_system_;
    bool on_host_;
};

}  // namespace whodid
