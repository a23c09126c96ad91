// SPDX-License-Identifier: Apache-2.0
// Events as bytes, whole, for another process of this machine: what `whodid trace` reads from a sensor that
// runs. Frames (what and length, 32 bit each, then that many bytes): first a head, then events, gaps where a
// reader was too slow for some, and the end. A frame of events stands for itself, so that one can be left
// out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "event/batch.h"

namespace whodid {

constexpr std::size_t kStreamFrameBytesMax = 4 << 20;

enum class StreamFrame : std::uint32_t { kHead = 1, kEvents = 2, kGap = 3, kEnd = 4 };

/// Whose events.
struct StreamHead {
    std::string version;    // of the program
    std::uint32_t pid = 0;  // of the sensor
    std::string profile;    // which it tells by; empty: none
    Stream stream;
};

/// Events of one kind that a reader was not given. Wall clock.
struct StreamGap {
    std::uint16_t kind = 0;
    std::uint64_t count = 0, since_ns = 0, until_ns = 0;
};

enum class StreamEnd : std::uint8_t {
    kStopped,   // the sensor ends
    kReplaced,  // another worker goes on: ask again
};

/// Each is a whole frame.
std::string stream_head_frame(const StreamHead& head);
std::string stream_gap_frame(const std::vector<StreamGap>& gaps);
std::string stream_end_frame(StreamEnd end);

/// Makes a frame of events, with what is known of their processes and of those these descend from.
class EventFrameWriter {
public:
    using Parent = std::function<std::shared_ptr<const Process>(const Process&)>;  // null: not known

    explicit EventFrameWriter(Parent parent);
    ~EventFrameWriter();
    EventFrameWriter(const EventFrameWriter&) = delete;
    EventFrameWriter& operator=(const EventFrameWriter&) = delete;

    void add(const Event& event);
    /// So far.
    std::size_t bytes() const;
    /// The frame; what is added next goes into another one.
    std::string finish();

private:
    const Parent parent_;
    std::unique_ptr<class StreamWriter> out_;
};

/// What a frame of events held. It lies here: events are no longer there than this.
struct ReadEvents {
    Batch batch;
    std::unordered_map<const Process*, std::shared_ptr<const Process>> parents;
};

/// Of the bytes of a frame, which may be anybody's: every record is decoded anew. Errors: it is malformed; of
/// the head also a program whose records are others (EPROTONOSUPPORT), which is named. `stream` must live as
/// long as the events.
Result<StreamHead> read_stream_head(std::string_view bytes);
Result<ReadEvents> read_stream_events(std::string_view bytes, const Stream& stream);
Result<std::vector<StreamGap>> read_stream_gap(std::string_view bytes);
Result<StreamEnd> read_stream_end(std::string_view bytes);

/// Takes frames apart that come in pieces.
class StreamFrames {
public:
    struct Frame {
        StreamFrame what;
        std::string_view bytes;  // until the next call
    };

    void feed(std::string_view bytes);
    /// nullopt: it has not come whole. An Error: no frame starts here.
    Result<std::optional<Frame>> next();

private:
    std::string buffer_;
    std::size_t taken_ = 0;
};

}  // namespace whodid
