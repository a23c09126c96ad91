// SPDX-License-Identifier: Apache-2.0
// EventSeries: the file of one series that is written to, and its seal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "sink/event_file_name.h"
#include "sink/seal.h"

namespace whodid {

class EventSeries {
public:
    EventSeries(std::string directory, std::string_view series, bool is_sealed);

    bool is_open() const { return data_ != nullptr; }
    /// Goes on with the last file where that is not closed, else begins a new one. A torn line is cut, a line
    /// without a record in the seal gets one. Returns what should be said about it. Nothing has happened
    /// after an Error, and it may be tried again.
    Result<std::string> open(SealKey& key, std::uint64_t now_ns);

    /// Whole lines: all of them are in the file when this returns, or none and an Error.
    Result<void> append(std::string_view lines);

    /// Whether append() could be done now.
    Result<void> look_for_room();

    /// Signs the file and makes the next key. After an Error it is still open.
    Result<void> close(SealKey& key);

    /// Somebody has deleted the file, or its seal, under the writer.
    bool is_removed() const;
    /// Leaves the file as it is: the next one is begun by open().
    void abandon();

    std::uint64_t bytes() const { return chain_.state().bytes; }
    std::uint64_t begun_ns() const { return name_.begun_ns(); }
    /// Files before it are closed.
    std::uint64_t closed_below() const { return is_open() ? name_.sequence : next_sequence_; }
    /// Data and seal, for a sync on another thread.
    std::pair<std::shared_ptr<const Fd>, std::shared_ptr<const Fd>> files() const { return {data_, seal_}; }

private:
    std::string path(std::string_view ending) const;
    void find_last();
    Result<std::string> resume(SealKey& key);
    Result<std::string> resume_sealed(SealKey& key);
    Result<void> begin(std::uint64_t now_ns);
    Result<void> begin_seal();
    Result<void> roll_back();
    void forget();

    std::string directory_, series_;
    bool is_sealed_;
    EventFileName name_;
    std::uint64_t next_sequence_ = 1;
    SealHeader header_;
    Digest last_seal_{};  // of the file before the next
    std::shared_ptr<const Fd> data_, seal_;
    SealChain chain_;
    std::uint64_t seal_bytes_ = 0;
    std::string records_;        // of the lines that are being written
    bool is_torn_ = false;       // a failed write could not be taken back yet
    bool is_resumable_ = false;  // the last file found is not closed
    bool has_looked_ = false;
};

}  // namespace whodid
