// SPDX-License-Identifier: Apache-2.0
// SocketLines: events as lines to a unix stream socket that somebody listens on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "sink/losses.h"
#include "sink/sink.h"

namespace whodid {

struct SocketLinesOptions {
    std::string path;
    std::uint64_t pending_bytes_max = 4 << 20;               // what waits while nobody takes it
    std::function<void(const Event&, std::string&)> encode;  // appends one line without a newline
    std::function<void(std::string)> say;                    // that it has lost its reader, or has one again
    std::function<std::uint64_t()> now_ns;                   // a clock that is not set back
};

/// Never waits: what the socket does not take stays, up to a limit; above it events are losses. A line that
/// was half sent when the reader went is sent again, whole, to the next one. What a reader had not yet read
/// when it went is lost, and no side knows.
class SocketLines : public Sink {
public:
    /// EINVAL: the path is too long for a socket. That nobody listens yet is no error.
    static Result<std::unique_ptr<SocketLines>> open(SocketLinesOptions options);

    /// Bytes taken, sent or not. What waits goes first.
    Result<std::uint64_t> write(const Batch& batch) override;
    /// Sends what the socket takes now.
    Result<void> flush() override;
    Result<void> tick() override { return flush(); }

    std::vector<SinkLoss> take_losses() override { return losses_.take(); }
    SinkCounts counts() const override;
    std::uint64_t pending_bytes() const { return pending_.size() - sent_; }

private:
    explicit SocketLines(SocketLinesOptions options) : options_(std::move(options)) {}
    void connect();
    void send();
    void disconnect(const std::string& why);

    SocketLinesOptions options_;
    Fd socket_;
    std::string pending_;   // whole lines
    std::size_t sent_ = 0;  // of these, by this connection
    std::uint64_t retry_ns_ = 0;
    std::string said_;  // why there is no reader, as told last
    Losses losses_;
    std::uint64_t taken_ = 0, dropped_ = 0;
};

}  // namespace whodid
