// SPDX-License-Identifier: Apache-2.0
// Files of independent zstd frames, each of whole lines and at most 1 MiB of them, with zstd's seek table at
// the end (contrib/seekable_format of zstd, version 0.1.1): any zstd reads them, and a frame can be read or
// replaced alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace whodid {

struct ZstdFrame {
    std::uint64_t offset = 0;  // in the file
    std::uint32_t packed_bytes = 0, plain_bytes = 0;
};

constexpr std::size_t kFramePlainMax = 1 << 20;

/// Of at most kFramePlainMax bytes: one frame with a checksum.
Result<std::string> pack_frame(std::string_view plain);

/// The skippable frame that ends such a file.
std::string seek_table(std::span<const ZstdFrame> frames);

/// Reads lines from one file and writes frames to the other.
Result<void> pack_lines(int plain_fd, int packed_fd);

/// Reads such files, whoever wrote them.
class ZstdFrames {
public:
    static Result<ZstdFrames> open(const std::string& path);
    /// EBADMSG: its seek table is missing, or is no table of this file.
    static Result<ZstdFrames> take(Fd file);

    const std::vector<ZstdFrame>& frames() const { return frames_; }
    Result<std::string> packed(const ZstdFrame& frame) const;
    /// EBADMSG: it is damaged, or holds more or less than the table says.
    Result<std::string> plain(const ZstdFrame& frame) const;

private:
    Fd file_;
    std::vector<ZstdFrame> frames_;
};

}  // namespace whodid
