// SPDX-License-Identifier: Apache-2.0
// Reads event files and recordings.
#include "app/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "app/replay.h"
#include "app/watch.h"
#include "base/escape.h"
#include "event/event_line.h"
#include "sink/json_encode.h"

namespace whodid {

namespace {

/// Files that people have beside event files.
struct OtherFormat {
    std::string_view begins, command;
};
constexpr OtherFormat kOtherFormats[] = {
    {"\x1f\x8b", "zcat FILE | whodid volume"},
    {"\x28\xb5\x2f\xfd", "zstdcat FILE | whodid volume"},
    {"\xfd"
     "7zXZ",
     "xzcat FILE | whodid volume"},
};

Result<void> check_format(const std::string& name, std::string_view beginning) {
    for (const OtherFormat& other : kOtherFormats)
        if (beginning.starts_with(other.begins))
            return Error{fmt::format("{} is compressed, no file of events: {}", name, other.command)};
    return {};
}

Result<Fd> open_to_read(const std::string& path, bool is_read_again) {
    const bool is_input = path == EventFile::kStandardInput;
    Fd file(is_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                     : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    struct stat st {};
    if (!file.valid() || ::fstat(file.get(), &st) != 0)
        return Error::from_errno("cannot read " + EventFile::shown_name(path));
    if (is_read_again && (is_input || !S_ISREG(st.st_mode)))
        return Error{fmt::format("--since reads twice, and {} can be read once: write it to a file first",
                                 EventFile::shown_name(path)),
                     EINVAL};
    return file;
}

Result<std::size_t> read_piece(const Fd& file, const std::string& name, std::span<char> buffer) {
    for (;;) {
        const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return Error::from_errno("cannot read " + name);
    }
}

/// What tells formats apart; a pipe may give it in pieces.
Result<std::string> read_beginning(const Fd& file, const std::string& name) {
    std::string beginning;
    char buffer[kRecordingMagic.size()];
    while (beginning.size() < sizeof buffer) {
        const auto bytes = read_piece(file, name, std::span(buffer).first(sizeof buffer - beginning.size()));
        if (!bytes) return bytes.error();
        if (*bytes == 0) break;
        beginning.append(buffer, *bytes);
    }
    return beginning;
}

/// Tells each event as its line.
class LineSink : public Sink {
public:
    explicit LineSink(const EventFile::Reader& reader) : reader_(reader) {}

    Result<std::uint64_t> write(const Batch& batch) override {
        std::uint64_t bytes = 0;
        for (const Event& event : batch.events) {
            line_.clear();
            encoder_.append(event, line_);
            reader_.take({line_, ++number_, line_.size() + 1, false});
            bytes += line_.size() + 1;
        }
        return bytes;
    }
    Result<void> flush() override { return {}; }

private:
    const EventFile::Reader& reader_;
    JsonEncoder encoder_{JsonShape::kNested};
    std::string line_;
    std::uint64_t number_ = 0;
};

/// What run would have kept, in a pipeline of its own: a profile goes by what went before.
class Playback {
public:
    explicit Playback(const EventFile::Reader& reader) : sink_(reader) {
        options_.filter.everything = true;
        options_.filter.profile = reader.profile;
        options_.reorder = false;
    }
    Result<void> begin(const Stream& stream, const Host& host) {
        auto watch = read_watch_list({});
        if (!watch) return watch.error();
        options_.watch = std::move(*watch);
        auto made = Pipeline::make(stream, host, ledger_, options_, &sink_);
        if (!made) return made.error();
        pipeline_ = std::move(*made);
        return {};
    }
    Pipeline* pipeline() const { return pipeline_.get(); }
    std::uint64_t malformed() const { return ledger_.total().malformed; }

private:
    PipelineOptions options_;
    LineSink sink_;
    Ledger ledger_;
    std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace

std::string EventFile::shown_name(const std::string& path) {
    return path == kStandardInput ? "standard input" : escape_for_terminal(path);
}

Result<EventFile> EventFile::open(const std::string& path, bool is_read_again) {
    auto fd = open_to_read(path, is_read_again);
    if (!fd) return fd.error();
    EventFile file;
    file.name_ = shown_name(path);
    auto beginning = read_beginning(*fd, file.name_);
    if (!beginning) return beginning.error();
    if (auto checked = check_format(file.name_, *beginning); !checked) return checked.error();
    if (*beginning == kRecordingMagic) {
        auto recording = RecordingReader::take(std::move(*fd), file.name_, *beginning);
        if (!recording) return Error{recording.error().message};
        file.recording_ = std::move(*recording);
    } else {
        file.file_ = std::move(*fd);
        file.beginning_ = std::move(*beginning);
    }
    return file;
}

Result<void> EventFile::read(std::span<const Reader> readers) {
    return is_recording() ? play_recording(readers) : read_lines(readers);
}

Result<void> EventFile::read_lines(std::span<const Reader> readers) {
    const auto take = [&](const Line& line) {
        for (const Reader& reader : readers)
            if (!reader.profile) reader.take(line);
    };
    LineSplitter lines(kEventLineBytesMax);
    lines.feed(beginning_, take);
    std::vector<char> buffer(256 << 10);
    for (;;) {
        const auto bytes = read_piece(file_, name_, buffer);
        if (!bytes) return bytes.error();
        if (*bytes == 0) break;
        lines.feed({buffer.data(), *bytes}, take);
    }
    lines.finish(take);
    return {};
}

Result<void> EventFile::play_recording(std::span<const Reader> readers) {
    ReplaySource source(std::move(recording_));
    const Stream stream = source.header().stream;
    std::vector<std::unique_ptr<Playback>> playbacks;
    std::vector<Pipeline*> pipelines;
    for (const Reader& reader : readers) {
        playbacks.push_back(std::make_unique<Playback>(reader));
        auto begun = playbacks.back()->begin(stream, source.header().host);
        if (!begun) return begun;
        pipelines.push_back(playbacks.back()->pipeline());
    }
    if (const auto played = play(source, pipelines); !played)
        return Error{played.error().message + "; what comes after is left out", played.error().code};
    const std::uint64_t malformed = playbacks.empty() ? 0 : playbacks.front()->malformed();
    if (malformed != 0)
        return Error{fmt::format("{}: {} records make no sense and are left out", name_, malformed), EBADMSG};
    return {};
}

}  // namespace whodid
