// SPDX-License-Identifier: Apache-2.0
// Events to a descriptor.
#include "sink/stream_sink.h"

#include "sink/file_io.h"

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
    auto written = write_whole(fd_, buffer_, "cannot write events");
    buffer_.clear();
    return written;
}

}  // namespace whodid
