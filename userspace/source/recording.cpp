// SPDX-License-Identifier: Apache-2.0
// Recordings: the header's text, the frames, and older structs.
#include "source/recording.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <whodid/limits.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/hash.h"

namespace whodid {

namespace {

constexpr std::string_view kUnfinished = "unfinished          ";  // as long as any number of seconds
constexpr std::string_view kByteOrder = std::endian::native == std::endian::little ? "little" : "big";
constexpr std::string_view kUnmasked = "no (passwords may be among arguments, account names and log lines)";
constexpr std::size_t kHeaderMax = 16 << 20;
constexpr std::size_t kBufferBytes = 256 << 10;

enum FrameKind : std::uint32_t { kFrameRecord = 1, kFrameLines = 2, kFrameEnd = 3 };

struct FrameHead {
    std::uint32_t what, length;
    std::uint64_t check;
};

std::uint64_t check_of(std::string_view bytes) { return hash_bytes(bytes).low; }

// ---- values of lines --------------------------------------------------------------------------------------

template <class T>
bool read_number(std::string_view text, T& number, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size();
}

/// What is before the separator; what is after it stays.
std::string_view take_until(std::string_view& text, std::string_view separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + separator.size(), text.size()));
    return taken;
}

bool set_boot(std::string_view value, RecordingHeader& header) {
    Id128& id = header.stream.boot;
    return value.size() == 32 && read_number(value.substr(0, 16), id.high, 16) &&
           read_number(value.substr(16), id.low, 16);
}

bool set_anchor(std::string_view value, RecordingHeader& header) {
    const std::string_view boot = take_until(value, " ");
    return read_number(boot, header.host.clock.boot_ns) && read_number(value, header.host.clock.wall_ns);
}

bool set_masked(std::string_view value, RecordingHeader& header) {
    const std::string_view word = take_until(value, " ");
    header.masked = word == "yes";
    return word == "yes" || word == "no";
}

bool set_seconds(std::string_view value, RecordingHeader& header) {
    const std::string_view word = take_until(value, " ");
    std::uint64_t seconds = 0;
    const bool known = read_number(word, seconds);
    header.seconds = known ? std::optional(seconds) : std::nullopt;
    return known || word == "unfinished";
}

/// "1 272 process.exec"
bool set_struct(std::string_view value, RecordingHeader& header) {
    const std::string_view number = take_until(value, " "), size = take_until(value, " ");
    std::uint16_t kind = 0;
    std::uint32_t bytes = 0;
    if (!read_number(number, kind) || !read_number(size, bytes) || bytes < sizeof(rec_hdr)) return false;
    header.sizes[kind] = bytes;
    return true;
}

/// "254:0 247230 /usr/sbin/sshd"
bool set_program(std::string_view value, RecordingHeader& header) {
    const std::string_view major = take_until(value, ":"), minor = take_until(value, " ");
    const std::string_view inode = take_until(value, " ");
    std::uint32_t major_number = 0, minor_number = 0;
    FileId id;
    if (value.empty() || !read_number(major, major_number) || !read_number(minor, minor_number) ||
        !read_number(inode, id.inode))
        return false;
    id.dev = major_number << 20 | minor_number;
    header.host.ids[std::string(value)] = id;
    return true;
}

bool set_link(std::string_view value, RecordingHeader& header) {
    const std::string_view path = take_until(value, " -> ");
    if (path.empty()) return false;
    header.host.links[std::string(path)] = value;
    return true;
}

struct Line {
    std::string_view key;
    bool (*set)(std::string_view value, RecordingHeader& header);
};

constexpr Line kLines[] = {
    {"by", [](std::string_view value, RecordingHeader& h) { return h.made_by = value, true; }},
    {"masked", set_masked},
    {"seconds", set_seconds},
    {"architecture",
     [](std::string_view value, RecordingHeader& h) { return h.stream.architecture = value, true; }},
    {"byte-order", [](std::string_view value, RecordingHeader& h) { return h.byte_order = value, true; }},
    {"host", [](std::string_view value, RecordingHeader& h) { return h.stream.host_name = value, true; }},
    {"host-id", [](std::string_view value, RecordingHeader& h) { return h.stream.host_id = value, true; }},
    {"boot", set_boot},
    {"sensor-start",
     [](std::string_view value, RecordingHeader& h) { return read_number(value, h.stream.sensor_start_ns); }},
    {"anchor", set_anchor},
    {"struct", set_struct},
    {"program", set_program},
    {"link", set_link},
};

/// What of this build's the writer did not have is no matter; the reverse is.
std::string newer_struct(const RecordingHeader& header) {
    for (const auto& [number, size] : header.sizes) {
        const Kind* kind = find_kind(number);
        const std::size_t ours = number == 0 ? sizeof(rec_hdr) : kind ? kind->layout.size : 0;
        if (ours == 0) return fmt::format("records of kind {} are not known here", number);
        if (size > ours || (number == 0 && size != ours))
            return fmt::format("a {} has {} bytes there and {} here", kind ? kind->name : "header", size,
                               ours);
    }
    return {};
}

/// What nothing can be told without.
std::string missing_line(const RecordingHeader& header) {
    if (header.byte_order.empty()) return "byte-order";
    if (header.stream.boot == Id128{}) return "boot";
    if (header.stream.sensor_start_ns == 0) return "sensor-start";
    if (header.host.clock.wall_ns == 0) return "anchor";
    return header.sizes.empty() ? "struct" : "";
}

std::string if_known(std::string_view made_by) {
    return made_by.empty() ? std::string() : fmt::format(" (it was made by {})", made_by);
}

}  // namespace

std::map<std::uint16_t, std::uint32_t> record_sizes() {
    std::map<std::uint16_t, std::uint32_t> sizes{{0, sizeof(rec_hdr)}};
    for (const Kind& kind : kinds()) sizes[kind.id] = static_cast<std::uint32_t>(kind.layout.size);
    return sizes;
}

// ---- the text ---------------------------------------------------------------------------------------------

std::string format_anchor_line(const ClockAnchor& anchor) {
    return fmt::format("anchor: {} {}\n", anchor.boot_ns, anchor.wall_ns);
}

std::string format_file_lines(const std::string& path, std::string_view text) {
    std::string out = fmt::format("file: {}\n", path);
    while (!text.empty()) fmt::format_to(std::back_inserter(out), "\t{}\n", take_until(text, "\n"));
    return out;
}

std::string format_recording_header(const RecordingHeader& header) {
    std::string out = fmt::format("{}{}\n", kRecordingMagic, header.format);
    const auto line = [&out](std::string_view key, std::string_view value) {
        fmt::format_to(std::back_inserter(out), "{}: {}\n", key, value);
    };
    line("by", header.made_by);
    line("masked", header.masked ? "yes" : kUnmasked);
    line("seconds", header.seconds ? std::to_string(*header.seconds) : std::string(kUnfinished));
    line("architecture", header.stream.architecture);
    line("byte-order", kByteOrder);
    line("host", header.stream.host_name);
    line("host-id", header.stream.host_id);
    line("boot", header.stream.boot.hex());
    line("sensor-start", std::to_string(header.stream.sensor_start_ns));
    out += format_anchor_line(header.host.clock);
    for (const auto& [number, size] : header.sizes) {
        const Kind* kind = find_kind(number);
        line("struct", fmt::format("{} {} {}", number, size, kind ? kind->name : "header"));
    }
    for (const auto& [path, id] : header.host.ids)
        line("program", fmt::format("{}:{} {} {}", id.dev >> 20, id.dev & 0xfffff, id.inode, path));
    for (const auto& [path, target] : header.host.links) line("link", fmt::format("{} -> {}", path, target));
    for (const auto& [path, text] : header.host.files) out += format_file_lines(path, text);
    return out;
}

Result<void> parse_recording_lines(std::string_view lines, RecordingHeader& header) {
    std::string* file = nullptr;
    for (std::size_t number = 1; !lines.empty(); ++number) {
        std::string_view value = take_until(lines, "\n");
        if (value.starts_with('\t')) {
            if (!file) return Error{fmt::format("line {} belongs to no file", number), EBADMSG};
            file->append(value.substr(1)).push_back('\n');
            continue;
        }
        const std::string_view key = take_until(value, ": ");
        file = nullptr;
        if (key == "file") {
            file = &header.host.files[std::string(value)];
            file->clear();
            continue;
        }
        const auto* known = std::ranges::find(kLines, key, &Line::key);
        if (known == std::end(kLines) || known->set(value, header)) continue;
        return Error{fmt::format("line {}, {}: cannot be '{}'", number, key, value), EBADMSG};
    }
    return {};
}

// ---- older structs ----------------------------------------------------------------------------------------

namespace {

/// A slice of the lengthened record: moved along, and cut where the record was.
template <class Slice>
void move_slice(char* at, std::size_t writer_size, std::size_t grown, std::size_t end) {
    Slice slice;
    std::memcpy(&slice, at, sizeof slice);
    if (slice.len == 0 || slice.off < writer_size) return;
    const std::size_t off = slice.off + grown;
    slice.len = static_cast<rec_u16>(off >= end ? 0 : std::min<std::size_t>(slice.len, end - off));
    slice.off = static_cast<rec_u16>(off);
    std::memcpy(at, &slice, sizeof slice);
}

}  // namespace

void lengthen_record(std::vector<char>& record, std::size_t writer_size, const Kind& kind) {
    const std::size_t size = kind.layout.size;
    if (writer_size >= size) return;
    const std::size_t grown = size - writer_size;
    record.insert(record.begin() + static_cast<std::ptrdiff_t>(writer_size), grown, '\0');
    record.resize(std::min<std::size_t>(record.size(), WHODID_RECORD_MAX));
    const auto total = static_cast<rec_u32>(record.size());
    std::memcpy(record.data() + offsetof(rec_hdr, size), &total, sizeof total);
    for (const std::uint16_t at : kind.layout.strings)
        if (at < writer_size) move_slice<rec_str>(record.data() + at, writer_size, grown, record.size());
    for (const std::uint16_t at : kind.layout.paths) {
        const rec_path absent{0, 0, REC_PATH_ABSENT, 0};
        if (at < writer_size)
            move_slice<rec_path>(record.data() + at, writer_size, grown, record.size());
        else
            std::memcpy(record.data() + at, &absent, sizeof absent);
    }
}

// ---- writing ----------------------------------------------------------------------------------------------

Result<RecordingWriter::File> RecordingWriter::open_file(const std::string& path, bool force) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    File file{Fd(::open(path.c_str(), kFlags | O_EXCL, 0600)), true};
    if (!file.fd.valid() && errno == EEXIST) {
        if (!force)
            return Error{path + " is there already: name another file, or overwrite it with --force", EEXIST};
        file = {Fd(::open(path.c_str(), kFlags, 0600)), false};
    }
    if (!file.fd.valid()) return Error::from_errno("cannot write " + path);
    struct stat st {};
    if (::fstat(file.fd.get(), &st) != 0) return Error::from_errno("cannot write " + path);
    if (!S_ISREG(st.st_mode)) return Error{"cannot write " + path + ": not a regular file", EINVAL};
    // Its owner could read what root records into it.
    if (st.st_uid != ::geteuid())
        return Error{"will not write " + path + ": it belongs to somebody else; remove it first", EPERM};
    return file;
}

Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::string& path, bool force) {
    auto file = open_file(path, force);
    if (!file) return file.error();
    return std::unique_ptr<RecordingWriter>(new RecordingWriter(std::move(*file), path));
}

RecordingWriter::RecordingWriter(File file, std::string path)
    : fd_(std::move(file.fd)), unwanted_(file.created), path_(std::move(path)) {}

RecordingWriter::~RecordingWriter() {
    if (unwanted_) ::unlink(path_.c_str());
}

Result<void> RecordingWriter::begin(const RecordingHeader& header) {
    constexpr std::string_view kSeconds = "\nseconds: ";
    unwanted_ = false;
    if (::fchmod(fd_.get(), 0600) != 0 || ::ftruncate(fd_.get(), 0) != 0)
        return status_ = Error::from_errno("cannot write " + path_);
    buffer_ = format_recording_header(header);
    seconds_at_ = buffer_.find(kSeconds) + kSeconds.size();
    buffer_ += '\n';
    return flush();
}

void RecordingWriter::frame(std::uint32_t what, std::string_view bytes) {
    if (!status_) return;
    const FrameHead head{what, static_cast<std::uint32_t>(bytes.size()), check_of(bytes)};
    buffer_.append(reinterpret_cast<const char*>(&head), sizeof head);
    buffer_ += bytes;
    if (buffer_.size() >= kBufferBytes) write_out();
}

void RecordingWriter::record(const rec_hdr& record) {
    frame(kFrameRecord, {reinterpret_cast<const char*>(&record), record.size});
    ++records_;
}

void RecordingWriter::lines(std::string_view text) { frame(kFrameLines, text); }

void RecordingWriter::write_out() {
    std::string_view left = buffer_;
    while (!left.empty() && status_) {
        const ssize_t n = ::write(fd_.get(), left.data(), left.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            status_ = Error::from_errno("cannot write " + path_);
            break;
        }
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    written_ += buffer_.size() - left.size();
    buffer_.clear();
}

Result<void> RecordingWriter::flush() {
    write_out();
    return status_;
}

Result<void> RecordingWriter::finish(std::uint64_t seconds, std::uint64_t lost) {
    frame(kFrameEnd, fmt::format("records: {}\nlost: {}\n", records_, lost));
    write_out();
    if (!status_) return status_;
    const std::string text = fmt::format("{:<{}}", seconds, kUnfinished.size());
    if (::pwrite(fd_.get(), text.data(), text.size(), static_cast<off_t>(seconds_at_)) < 0 ||
        ::fsync(fd_.get()) != 0)
        status_ = Error::from_errno("cannot write " + path_);
    return status_;
}

// ---- reading ----------------------------------------------------------------------------------------------

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::string& path) {
    Fd fd(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Error::from_errno("cannot read " + path);
    return take(std::move(fd), path == "-" ? "standard input" : path);
}

Result<std::unique_ptr<RecordingReader>> RecordingReader::take(Fd fd, std::string name,
                                                               std::string_view beginning) {
    std::unique_ptr<RecordingReader> reader(new RecordingReader(std::move(fd), std::move(name), beginning));
    if (auto read = reader->read_header(); !read) return read.error();
    return reader;
}

Result<std::string_view> RecordingReader::want(std::size_t bytes) {
    if (to_ - from_ < bytes) {
        if (from_ != to_) std::memmove(buffer_.data(), buffer_.data() + from_, to_ - from_);
        to_ -= from_;
        from_ = 0;
        if (buffer_.size() < bytes) buffer_.resize(std::max(bytes, kBufferBytes));
    }
    while (to_ - from_ < bytes) {
        const ssize_t n = ::read(fd_.get(), buffer_.data() + to_, buffer_.size() - to_);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("cannot read " + name_);
        if (n == 0) break;
        to_ += static_cast<std::size_t>(n);
    }
    return std::string_view(buffer_.data() + from_, to_ - from_);
}

void RecordingReader::drop(std::size_t bytes) {
    from_ += bytes;
    offset_ += bytes;
}

Error RecordingReader::damaged(std::string_view what) const {
    return Error{fmt::format("{} is damaged at byte {}: {}", name_, offset_, what), EBADMSG};
}

Result<void> RecordingReader::read_header() {
    auto text = want(kRecordingMagic.size());
    if (!text) return text.error();
    if (!text->starts_with(kRecordingMagic))
        return Error{name_ + " is no recording: those are made by `whodid record`", EBADMSG};
    std::size_t end = std::string_view::npos;
    for (std::size_t bytes = 4096; end == std::string_view::npos; bytes *= 2) {
        text = want(bytes);
        if (!text) return text.error();
        end = text->find("\n\n");
        if (end == std::string_view::npos && (text->size() < bytes || bytes > kHeaderMax))
            return Error{name_ + " is damaged: its header has no end", EBADMSG};
    }
    std::string_view lines = text->substr(kRecordingMagic.size(), end + 1 - kRecordingMagic.size());
    if (!read_number(take_until(lines, "\n"), header_.format))
        return Error{name_ + " is damaged: its first line has no format number", EBADMSG};
    const auto parsed = parse_recording_lines(lines, header_);
    std::string newer =
        header_.format > kRecordingFormat
            ? fmt::format("its format is {}, and {} is the last known here", header_.format, kRecordingFormat)
            : newer_struct(header_);
    if (!newer.empty())
        return Error{fmt::format("{} needs a newer whodid{}: {}", name_, if_known(header_.made_by), newer),
                     EPROTONOSUPPORT};
    if (!parsed)
        return Error{
            fmt::format("{} is damaged: {}, counted from its second line", name_, parsed.error().message),
            EBADMSG};
    if (const std::string missing = missing_line(header_); !missing.empty())
        return Error{fmt::format("{} is damaged: its header has no line for {}", name_, missing), EBADMSG};
    if (header_.byte_order != kByteOrder)
        return Error{fmt::format("{} was made on a machine of {}-endian byte order: replay it on one", name_,
                                 header_.byte_order),
                     EPROTONOSUPPORT};
    drop(end + 2);
    return {};
}

Result<RecordingReader::Frame> RecordingReader::next() {
    if (ended_) return *ended_;
    Result<Frame> frame = read_frame();
    if (!frame || *frame == Frame::kEnd) ended_ = frame;
    return frame;
}

Result<RecordingReader::Frame> RecordingReader::read_frame() {
    auto bytes = want(sizeof(FrameHead));
    if (!bytes) return bytes.error();
    if (bytes->empty())
        return Error{fmt::format("{} ends at byte {} without its end: it is still being written, or its "
                                 "writer was killed",
                                 name_, offset_),
                     ENODATA};
    FrameHead head{};
    if (bytes->size() < sizeof head) return damaged("it was cut off in the middle of a frame");
    std::memcpy(&head, bytes->data(), sizeof head);
    const std::size_t most = head.what == kFrameRecord ? WHODID_RECORD_MAX : kHeaderMax;
    if (head.what < kFrameRecord || head.what > kFrameEnd) return damaged("no frame starts here");
    if (head.length > most) return damaged(fmt::format("a frame of {} bytes", head.length));
    bytes = want(sizeof head + head.length);
    if (!bytes) return bytes.error();
    if (bytes->size() < sizeof head + head.length) return damaged("it was cut off in the middle of a frame");
    const std::string_view content = bytes->substr(sizeof head, head.length);
    if (check_of(content) != head.check) return damaged("a frame was changed");

    Result<Frame> frame = head.what == kFrameRecord  ? take_record(content)
                          : head.what == kFrameLines ? take_lines(content)
                                                     : Result<Frame>(Frame::kEnd);
    if (frame) drop(sizeof head + head.length);
    return frame;
}

Result<RecordingReader::Frame> RecordingReader::take_record(std::string_view bytes) {
    rec_hdr record{};
    if (bytes.size() < sizeof record) return damaged("a record is shorter than its header");
    std::memcpy(&record, bytes.data(), sizeof record);
    const auto known = header_.sizes.find(record.kind);
    const Kind* kind = find_kind(record.kind);
    if (known == header_.sizes.end() || !kind)
        return damaged(fmt::format("kind {} is not among those its header lists", record.kind));
    if (record.size != bytes.size() || bytes.size() < known->second)
        return damaged("a record has another size than it says");
    record_.assign(bytes.begin(), bytes.end());
    lengthen_record(record_, known->second, *kind);
    return Frame::kRecord;
}

Result<RecordingReader::Frame> RecordingReader::take_lines(std::string_view bytes) {
    if (const auto parsed = parse_recording_lines(bytes, header_); !parsed)
        return damaged(parsed.error().message);
    return Frame::kLines;
}

}  // namespace whodid
