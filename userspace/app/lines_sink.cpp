// SPDX-License-Identifier: Apache-2.0
// JSON lines to a descriptor.
#include "app/lines_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "sink/file_io.h"

namespace whodid {

namespace {

bool ends_in_mid_line(int fd) {
    struct stat st {};
    if (::fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return true;  // cannot be known
    char last = '\n';
    if (st.st_size > 0 && ::pread(fd, &last, 1, st.st_size - 1) != 1) return true;
    return last != '\n';
}

/// -1: it is no file.
off_t regular_size(int fd) {
    struct stat st {};
    return ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

}  // namespace

LinesSink::LinesSink(int fd, bool may_be_torn, LineEncoder encode)
    : fd_(fd), may_be_torn_(may_be_torn), encode_(std::move(encode)) {}

Result<std::unique_ptr<LinesSink>> LinesSink::open(const std::string& path, bool may_be_torn,
                                                   LineEncoder encode) {
    constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    Fd file(::open(path.c_str(), kFlags, 0640));
    if (!file.valid()) return Error::from_errno("cannot write " + path);
    auto sink = std::make_unique<LinesSink>(file.get(), may_be_torn, std::move(encode));
    sink->own_ = std::move(file);
    return sink;
}

/// A predecessor died in the midst of writing: what it was writing is told again, whole.
void LinesSink::end_torn_line() {
    if (!std::exchange(may_be_torn_, false) || !ends_in_mid_line(fd_)) return;
    (void)!::write(fd_, "\n", 1);
}

/// Room may run out in mid-line, which is taken back then.
Result<void> LinesSink::put() {
    const off_t before = regular_size(fd_);
    std::size_t written = 0;
    auto done = write_whole(fd_, buffer_, "cannot write events", &written);
    if (!done && before >= 0 && written != 0) (void)!::ftruncate(fd_, before);
    return done;
}

Result<std::uint64_t> LinesSink::write(const Batch& batch) {
    end_torn_line();
    buffer_.clear();
    for (const Event& event : batch.events) {
        encode_(event, buffer_);
        buffer_ += '\n';
    }
    const auto done = put();
    has_failed_ = !done;
    if (!done) return done.error();
    counts_.taken += batch.events.size();
    counts_.written += batch.events.size();
    return std::uint64_t{buffer_.size()};
}

Result<void> LinesSink::tick() { return has_failed_ ? look_for_room(fd_) : Result<void>(); }

}  // namespace whodid
