// SPDX-License-Identifier: Apache-2.0
// TraceClient: one connection to a running sensor, which sends its events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "event/event_stream.h"

namespace whodid {

class TraceClient {
public:
    /// Connects and asks for events. `after`: the number of the last one that is known. Errors: ENOENT,
    /// ECONNREFUSED: nobody listens there; EPERM: this user may not ask.
    static Result<TraceClient> ask(const std::string& socket, std::optional<std::uint64_t> after = {});

    /// Readable when there is something to receive.
    int fd() const { return socket_.get(); }

    /// Takes what has come; false: the other end has closed. Errors say why it gives no events.
    Result<bool> receive();
    /// A frame of what was received; nullopt: none is whole. An Error: what answers is no sensor.
    Result<std::optional<StreamFrames::Frame>> next() { return frames_.next(); }

private:
    TraceClient(Fd socket, std::string path) : socket_(std::move(socket)), path_(std::move(path)) {}
    Result<void> take_answer(bool is_closed);

    Fd socket_;
    std::string path_, answer_;  // what came before the first frame
    bool is_answered_ = false;
    StreamFrames frames_;
};

}  // namespace whodid
