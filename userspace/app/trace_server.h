// SPDX-License-Identifier: Apache-2.0
// TraceServer: the events that a worker tells, to each `whodid trace` that has asked for them. The pump never
// waits for one: who reads too slowly misses some, and is told so.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "event/event_stream.h"

namespace whodid {

class TraceServer {
public:
    static constexpr std::size_t kClientsMax = 8;           // at a time
    static constexpr std::size_t kQueueBytesMax = 4 << 20;  // that wait for a client
    static constexpr std::size_t kFrameBytes = 64 << 10;    // a frame takes no more events then
    /// So long the successor of a worker keeps what it tells for those who were that one's clients.
    static constexpr std::uint64_t kHoldNs = 3'000'000'000;

    struct Settings {
        StreamHead head;
        bool follows_another = false;  // a worker that had clients, maybe
        std::function<std::uint64_t()> now_ns = monotonic_now_ns;
    };

    /// Errors: no thread, no descriptor.
    static Result<std::unique_ptr<TraceServer>> start(Settings settings);
    /// Ends the thread; what waits is not sent.
    ~TraceServer();
    TraceServer(const TraceServer&) = delete;
    TraceServer& operator=(const TraceServer&) = delete;

    /// From any thread: a client that may have them, and what it is answered first. `after`: the number of
    /// the last event it has. False: there are too many, and the socket is the caller's still.
    bool add(Fd& socket, std::string_view answer, std::optional<std::uint64_t> after);

    /// By the pump. Without clients it costs a look at a number.
    void write(const Batch& batch, const EventFrameWriter::Parent& parent);
    /// By the pump, at its end: says so to all, and waits for them as long as that.
    void end(StreamEnd end, std::uint64_t patience_ns);

    /// Events, since this process began.
    struct Counts {
        std::uint64_t clients = 0;  // now
        std::uint64_t sent = 0;     // put into a client's queue
        std::uint64_t dropped = 0;  // no room in it
    };
    Counts counts() const;

private:
    /// Events of one frame: as bytes, and what is missing where they are left out.
    struct Piece {
        std::string bytes;
        std::vector<StreamGap> events;
        std::uint64_t count = 0, last_seq = 0;
    };
    using Shared = std::shared_ptr<const std::string>;
    struct Client {
        Fd socket;
        std::deque<Shared> queue;
        std::size_t queued = 0, sent = 0;  // bytes: of the queue, and of its first frame
        std::vector<StreamGap> gaps;       // since the last that it was told of
        bool is_behind = false, is_gone = false;
    };

    explicit TraceServer(Settings settings);
    void serve();
    static std::vector<Piece> pieces_of(const Batch& batch, const EventFrameWriter::Parent& parent);
    static void put(Client& client, Shared frame);
    static void put_gaps(Client& client);
    static void send(Client& client);
    void offer(Client& client, const Piece& piece, const Shared& frame);
    void hold(const Piece& piece, const Shared& frame);
    void wake() const;

    const Shared head_;
    const std::function<std::uint64_t()> now_ns_;
    const std::uint64_t held_until_ns_;
    Fd wake_;
    std::atomic<std::size_t> wanted_{0};  // clients, and one more while it holds
    std::atomic<bool> stops_{false};
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Client>> clients_;
    struct Held {
        std::uint64_t last_seq;
        Shared frame;
    };
    std::deque<Held> held_;
    std::size_t held_bytes_ = 0;
    bool holds_ = false;
    Counts counts_;
    std::thread thread_;
};

}  // namespace whodid
