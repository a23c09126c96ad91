// SPDX-License-Identifier: Apache-2.0
// EventFile: events line by line, of a file of JSON lines, or of a recording as run would have written them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/line_splitter.h"
#include "base/result.h"
#include "filter/profile.h"
#include "source/recording.h"

namespace whodid {

class EventFile {
public:
    static constexpr std::string_view kStandardInput = "-";

    using Line = LineSplitter::Line;
    struct Reader {
        std::optional<Profile> profile;  // of a recording's events only what it keeps
        std::function<void(const Line&)> take;
    };

    /// Errors: it cannot be read, is neither, or a recording that is refused; EINVAL: it is to be read again
    /// later, and cannot be.
    static Result<EventFile> open(const std::string& path, bool is_read_again);

    /// For messages and terminals.
    static std::string shown_name(const std::string& path);

    bool is_recording() const { return recording_ != nullptr; }

    /// Goes through it once, for all readers. Lines know nothing of profiles: who has one takes none of them.
    /// EBADMSG, ENODATA: of a recording, what is wrong, and what was left out; all else was told.
    Result<void> read(std::span<const Reader> readers);

private:
    Result<void> read_lines(std::span<const Reader> readers);
    Result<void> play_recording(std::span<const Reader> readers);

    std::string name_, beginning_;  // what was read to see what it is
    Fd file_;                       // of lines, from there on
    std::unique_ptr<RecordingReader> recording_;
};

}  // namespace whodid
