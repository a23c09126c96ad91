// SPDX-License-Identifier: Apache-2.0
// StreamSink: events as text or JSON lines to a descriptor.
#pragma once

#include <memory>
#include <string>

#include "sink/json_encode.h"
#include "sink/sink.h"
#include "sink/text.h"

namespace whodid {

enum class Format { kText, kWide, kJson, kFlat };

constexpr bool is_text(Format format) { return format == Format::kText || format == Format::kWide; }

class StreamSink : public Sink {
public:
    /// Borrows the descriptor. Text begins with a header line and follows the terminal's size.
    StreamSink(int fd, Format format, const TextOptions& text);

    Result<std::uint64_t> write(const Batch& batch) override;
    Result<void> flush() override;

private:
    int fd_;
    std::unique_ptr<TextLayout> text_;
    std::unique_ptr<JsonEncoder> json_;
    std::string buffer_;
};

}  // namespace whodid
