// SPDX-License-Identifier: Apache-2.0
// EventText: the lines of an event file, plain or compressed, in pieces.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "sink/zstd_frames.h"

namespace whodid {

class EventText {
public:
    /// By its name's ending.
    static Result<EventText> open(const std::string& path);

    bool is_packed() const { return frames_.has_value(); }
    /// Whole lines, at most 1 MiB; empty: there are no more. A line that is longer comes in parts, the last
    /// piece may lack its newline. Errors name the file.
    Result<std::string> next();
    /// The same for who names the file himself: Errors do not.
    Result<std::string> next_unnamed();
    /// The piece last read, as it lies in a compressed file.
    Result<std::string> packed() const { return frames_->packed(frames_->frames()[at_ - 1]); }

private:
    Result<std::string> next_plain();

    std::string path_;
    std::optional<ZstdFrames> frames_;
    std::size_t at_ = 0;  // of frames
    Fd file_;             // of a plain one
    std::string begun_;
};

}  // namespace whodid
