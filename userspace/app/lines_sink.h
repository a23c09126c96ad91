// SPDX-License-Identifier: Apache-2.0
// LinesSink: JSON lines to one descriptor, by workers that may be killed in the midst of a line.
#pragma once

#include <functional>
#include <string>

#include "app/hand_over.h"
#include "base/fd.h"
#include "sink/sink.h"

namespace whodid {

/// Appends one event without its newline.
using LineEncoder = std::function<void(const Event&, std::string&)>;

class LinesSink : public Sink {
public:
    /// Borrows the descriptor and the page, on which the owner of all sinks notes when one writes.
    LinesSink(int fd, const HandOver& hand_over, LineEncoder encode);
    /// Appends to the file; made with mode 0640 if it is not there.
    static Result<std::unique_ptr<LinesSink>> open(const std::string& path, const HandOver& hand_over,
                                                   LineEncoder encode);

    /// An Error: of a file nothing of the batch is in it; of a pipe some may be.
    Result<std::uint64_t> write(const Batch& batch) override;
    Result<void> flush() override { return {}; }
    SinkCounts counts() const override { return counts_; }

private:
    void end_torn_line();
    Result<void> put();

    Fd own_;
    const int fd_;
    const HandOver& hand_over_;
    const LineEncoder encode_;
    std::string buffer_;
    SinkCounts counts_;
    bool looked_ = false;
};

}  // namespace whodid
