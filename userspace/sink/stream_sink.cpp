// SPDX-License-Identifier: Apache-2.0
// Events to a descriptor.
#include "sink/stream_sink.h"

#include <unistd.h>

namespace whodid {

StreamSink::StreamSink(int fd, Format format, const TextOptions& text) : fd_(fd) {
    if (is_text(format)) {
        TextOptions options = text;
        options.wide = format == Format::kWide;
        text_ = std::make_unique<TextLayout>(options);
        text_->fit(terminal_size(fd_));
        buffer_ = text_->header();
    } else {
        json_ = std::make_unique<JsonEncoder>(format == Format::kFlat ? JsonShape::kFlat : JsonShape::kNested,
                                              text.keys);
    }
}

Result<std::uint64_t> StreamSink::write(const Batch& batch) {
    if (text_) text_->fit(terminal_size(fd_));
    for (const Event& event : batch.events) {
        if (text_) {
            text_->append(event, buffer_);
        } else {
            json_->append(event, buffer_);
            buffer_ += '\n';
        }
    }
    const std::uint64_t bytes = buffer_.size();
    if (auto flushed = flush(); !flushed) return flushed.error();
    return bytes;
}

Result<void> StreamSink::flush() {
    std::string_view left = buffer_;
    while (!left.empty()) {
        const ssize_t n = ::write(fd_, left.data(), left.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int code = errno;
            buffer_.clear();
            return Error::from_errno("cannot write events", code);
        }
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    buffer_.clear();
    return {};
}

}  // namespace whodid
