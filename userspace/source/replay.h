// SPDX-License-Identifier: Apache-2.0
// ReplaySource: a recording as a source. It keeps no time: whoever drains it moves on by until_ns().
#pragma once

#include <memory>
#include <vector>

#include "source/recording.h"
#include "source/source.h"

namespace whodid {

class ReplaySource : public Source {
public:
    explicit ReplaySource(std::unique_ptr<RecordingReader> reader) : reader_(std::move(reader)) {}

    /// Hands over the records of the next moment, as a live pump would have drained them at once: at most
    /// kStepNs of them, and none from behind a change of the host's clock or files. False: that was the end.
    /// An Error comes after everything before the damage was handed over.
    Result<bool> drain(const Take& take) override;
    int wait_fd() const override { return -1; }

    /// Everything before this time was handed over.
    std::uint64_t until_ns() const { return until_ns_; }
    /// The host as it was then.
    const RecordingHeader& header() const { return reader_->header(); }

private:
    static constexpr std::uint64_t kStepNs = 10'000'000;
    static constexpr std::size_t kStepRecords = 4096;

    std::unique_ptr<RecordingReader> reader_;
    std::vector<char> next_;  // read, but of a later moment
    std::uint64_t until_ns_ = 0;
};

}  // namespace whodid
