// SPDX-License-Identifier: Apache-2.0
// LinesSink: JSON lines to one descriptor, by workers that may be killed in the midst of a line.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "sink/sink.h"

namespace whodid {

/// Appends one event without its newline.
using LineEncoder = std::function<void(const Event&, std::string&)>;

class LinesSink : public Sink {
public:
    /// Borrows the descriptor. `may_be_torn`: a predecessor died when it was writing.
    LinesSink(int fd, bool may_be_torn, LineEncoder encode);
    /// Appends to the file; made with mode 0640 if it is not there.
    static Result<std::unique_ptr<LinesSink>> open(const std::string& path, bool may_be_torn,
                                                   LineEncoder encode);

    /// An Error: of a file nothing of the batch is in it; of a pipe some may be.
    Result<std::uint64_t> write(const Batch& batch) override;
    Result<void> flush() override { return {}; }
    Result<void> tick() override;
    SinkCounts counts() const override { return counts_; }

private:
    void end_torn_line();
    Result<void> put();

    Fd own_;
    const int fd_;
    bool may_be_torn_;
    bool has_failed_ = false;  // the last write
    const LineEncoder encode_;
    std::string buffer_;
    SinkCounts counts_;
};

}  // namespace whodid
