// SPDX-License-Identifier: Apache-2.0
// A recording, step by step.
#include "source/replay.h"

#include <algorithm>
#include <cstring>

namespace whodid {

namespace {

rec_hdr header_of(std::span<const char> record) {
    rec_hdr header;
    std::memcpy(&header, record.data(), sizeof header);
    return header;
}

/// Userspace's own records are stamped when they are made, ahead of those that still wait to be put in order.
bool keeps_time(const rec_hdr& header) { return header.cpu != REC_OWN_CPU; }

}  // namespace

Result<bool> ReplaySource::drain(const Take& take) {
    std::uint64_t last_ns = until_ns_, step_end_ns = 0;
    std::size_t records = 0;
    const auto hand_over = [&](std::span<const char> record) {
        const rec_hdr header = header_of(record);
        take(record);
        ++records;
        if (!keeps_time(header)) return;
        last_ns = std::max(last_ns, header.boot_ns);
        if (step_end_ns == 0) step_end_ns = header.boot_ns + kStepNs;
    };
    if (!next_.empty()) hand_over(std::exchange(next_, {}));
    while (records < kStepRecords) {
        const auto frame = reader_->next();
        if (!frame || *frame == RecordingReader::Frame::kEnd) {
            until_ns_ = last_ns;
            return frame ? Result<bool>(false) : Result<bool>(frame.error());
        }
        if (*frame == RecordingReader::Frame::kLines) break;
        const std::span<const char> record = reader_->record();
        const rec_hdr header = header_of(record);
        if (records && keeps_time(header) && step_end_ns && header.boot_ns >= step_end_ns) {
            next_.assign(record.begin(), record.end());
            until_ns_ = std::max(last_ns, header.boot_ns - 1);
            return true;
        }
        hand_over(record);
    }
    until_ns_ = last_ns;
    return true;
}

}  // namespace whodid
