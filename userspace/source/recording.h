// SPDX-License-Identifier: Apache-2.0
// Recordings: records in a file, with what it takes to understand them elsewhere. The format, its reader and
// its writer.
//
//     whodid recording 1
//     masked: yes
//     ...                          key: value; what `file:` names follows line by line, each after a tab
//                                  (an empty line)
//     frames                       what, length (32 bit each), check (64 bit), then length bytes
//
// The text is for `head`: the host, its clocks, the size of each fixed struct as the writer had it, and a
// snapshot of the files that names are looked up in. A frame holds one record as decoded (event/decode.h), or
// lines of the same form that hold from there on (a clock step, a changed passwd), or, once, the end. `check`
// is the low half of the XXH3 128 of the frame's bytes.
//
// Kind numbers are never reused and fields are only appended, so a newer reader lengthens an older struct.
// What an older reader cannot take raises the number in the first line. Unknown keys are passed over. The
// header of all records, rec_hdr, is the same in all recordings of one number.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/host.h"
#include "base/result.h"
#include "event/event.h"
#include "event/kinds.h"

namespace whodid {

constexpr unsigned kRecordingFormat = 1;
constexpr std::string_view kRecordingMagic = "whodid recording ";  // then the format's number

struct RecordingHeader {
    unsigned format = kRecordingFormat;
    std::string made_by;  // "whodid 1.0.2"
    bool masked = true;
    std::optional<std::uint64_t> seconds;  // how long; not known when its writer was killed
    std::string byte_order;                // "little", "big"
    Stream stream;
    std::map<std::uint16_t, std::uint32_t> sizes;  // of the writer's fixed structs, by kind number
    RecordedHost host;                             // files, links, programs, and the clock in force
};

/// The sizes of this build's structs.
std::map<std::uint16_t, std::uint32_t> record_sizes();

/// The text a recording begins with, without the empty line. `file` names hold no newline.
std::string format_recording_header(const RecordingHeader& header);

/// Takes in lines of the header, or of a later frame. Errors say which line, and what is wrong with it; that
/// of a newer format names the program that made it.
Result<void> parse_recording_lines(std::string_view lines, RecordingHeader& header);

/// The lines that put `host`'s file in the place of what was known of it.
std::string format_file_lines(const std::string& path, std::string_view text);
std::string format_anchor_line(const ClockAnchor& anchor);

/// Makes the record today's struct: zeros in the fields that its writer, whose struct had `writer_size`
/// bytes, did not know, and every slice moved along. A path that it did not know is absent. `record` is at
/// least that long; what then exceeds WHODID_RECORD_MAX is cut off its end.
void lengthen_record(std::vector<char>& record, std::size_t writer_size, const Kind& kind);

/// Buffers; the first error stays and is told by every later call.
class RecordingWriter {
public:
    /// The file is created with mode 0600, or, with `force`, one is taken that is there: a regular file of
    /// the caller's own. A symbolic link at its end is refused. Until begin() nothing is lost: what was in
    /// the file stays, and a new one goes away with the writer.
    static Result<std::unique_ptr<RecordingWriter>> create(const std::string& path, bool force);

    /// First of all.
    Result<void> begin(const RecordingHeader& header);
    void record(const rec_hdr& record);
    /// Header lines that hold from here on.
    void lines(std::string_view text);
    Result<void> flush();
    /// The end, and on disk. `seconds` goes into the header.
    Result<void> finish(std::uint64_t seconds, std::uint64_t lost);

    ~RecordingWriter();
    const Result<void>& status() const { return status_; }
    int fd() const { return fd_.get(); }
    std::uint64_t records() const { return records_; }
    std::uint64_t bytes() const { return written_ + buffer_.size(); }

private:
    struct File {
        Fd fd;
        bool created;
    };
    static Result<File> open_file(const std::string& path, bool force);
    RecordingWriter(File file, std::string path);
    void frame(std::uint32_t what, std::string_view bytes);
    void write_out();

    Fd fd_;
    bool unwanted_;  // created, and nothing is in it yet
    std::string path_, buffer_;
    std::uint64_t records_ = 0, written_ = 0;
    std::size_t seconds_at_ = 0;  // where the header has them
    Result<void> status_;
};

class RecordingReader {
public:
    /// "-" is standard input. Errors: no recording, a newer format, a machine of the other byte order,
    /// damage.
    static Result<std::unique_ptr<RecordingReader>> open(const std::string& path);
    /// Reads from an open descriptor; `name` is for messages, `beginning` was read from it already.
    static Result<std::unique_ptr<RecordingReader>> take(Fd fd, std::string name,
                                                         std::string_view beginning = {});

    /// As of the last frame that was read.
    const RecordingHeader& header() const { return header_; }

    enum class Frame { kRecord, kLines, kEnd };
    /// The next frame; lines are taken into the header. Errors, with the offset: the file is damaged, or ends
    /// without its end. After kEnd or an Error it stays so.
    Result<Frame> next();
    /// Of kRecord, lengthened where it is older; until the next call.
    std::span<const char> record() const { return record_; }

private:
    RecordingReader(Fd fd, std::string name, std::string_view beginning)
        : fd_(std::move(fd)),
          name_(std::move(name)),
          buffer_(beginning.begin(), beginning.end()),
          to_(beginning.size()) {}
    Result<void> read_header();
    Result<Frame> read_frame();
    Result<Frame> take_record(std::string_view bytes);
    Result<Frame> take_lines(std::string_view bytes);
    /// At least `bytes` unread bytes in the buffer, fewer only at the end of the file.
    Result<std::string_view> want(std::size_t bytes);
    void drop(std::size_t bytes);
    Error damaged(std::string_view what) const;

    Fd fd_;
    std::string name_;  // for messages
    RecordingHeader header_;
    std::vector<char> buffer_, record_;
    std::size_t from_ = 0, to_ = 0;  // the unread part of the buffer
    std::uint64_t offset_ = 0;       // in the file, of the unread part
    std::optional<Result<Frame>> ended_;
};

}  // namespace whodid
