// SPDX-License-Identifier: Apache-2.0
// Connects, sends, and connects again.
#include "sink/socket_lines.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/escape.h"

namespace whodid {

namespace {

constexpr std::uint64_t kReconnectNs = 1'000'000'000;

}  // namespace

Result<std::unique_ptr<SocketLines>> SocketLines::open(SocketLinesOptions options) {
    if (options.path.empty() || options.path.size() >= sizeof(sockaddr_un::sun_path))
        return Error{fmt::format("cannot write events to unix:{}: a socket's path has 1 to {} bytes",
                                 escape_for_terminal(options.path), sizeof(sockaddr_un::sun_path) - 1),
                     EINVAL};
    return std::unique_ptr<SocketLines>(new SocketLines(std::move(options)));
}

Result<std::uint64_t> SocketLines::write(const Batch& batch) {
    std::uint64_t bytes = 0;
    (void)flush();
    for (const Event& event : batch.events) {
        const std::size_t begin = pending_.size();
        options_.encode(event, pending_);
        pending_ += '\n';
        if (pending_bytes() > options_.pending_bytes_max) {
            pending_.resize(begin);
            losses_.add(event, "unread");
            ++dropped_;
            continue;
        }
        bytes += pending_.size() - begin;
    }
    taken_ += batch.events.size();
    (void)flush();
    return bytes;
}

SinkCounts SocketLines::counts() const {
    SinkCounts counts;
    const std::string_view waits = std::string_view(pending_).substr(sent_);
    counts.taken = taken_;
    counts.dropped = dropped_;
    counts.pending = static_cast<std::uint64_t>(std::ranges::count(waits, '\n'));
    counts.pending_bytes = waits.size();
    counts.written = taken_ - dropped_ - counts.pending;
    counts.is_down = !said_.empty();
    counts.last_error = said_;
    return counts;
}

Result<void> SocketLines::flush() {
    if (pending_bytes() == 0) return {};
    if (!socket_.valid()) connect();
    if (socket_.valid()) send();
    return {};
}

void SocketLines::connect() {
    const std::uint64_t now_ns = options_.now_ns();
    if (now_ns < retry_ns_) return;
    retry_ns_ = now_ns + kReconnectNs;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.path.copy(address.sun_path, sizeof address.sun_path - 1);
    Fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // A listener whose queue is full would make it wait: EAGAIN.
    if (!made.valid() ||
        ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        disconnect(std::strerror(errno));
        return;
    }
    socket_ = std::move(made);
    if (!std::exchange(said_, {}).empty())
        options_.say(fmt::format("unix:{} has a reader again", escape_for_terminal(options_.path)));
}

void SocketLines::send() {
    while (pending_bytes() > 0) {
        const ssize_t n =
            ::send(socket_.get(), pending_.data() + sent_, pending_bytes(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) disconnect(std::strerror(errno));
            break;
        }
        sent_ += static_cast<std::size_t>(n);
    }
    // Whole lines that are sent go; the beginning of one may have to be sent again.
    const std::size_t whole = sent_ == 0 ? 0 : pending_.rfind('\n', sent_ - 1) + 1;
    if (whole == pending_.size() || whole > options_.pending_bytes_max / 4) {
        pending_.erase(0, whole);
        sent_ -= whole;
    }
}

void SocketLines::disconnect(const std::string& why) {
    socket_ = Fd();
    sent_ = sent_ == 0 ? 0 : pending_.rfind('\n', sent_ - 1) + 1;
    if (std::exchange(said_, why) == why) return;
    options_.say(
        fmt::format("cannot send events to unix:{}: {}; up to {} bytes wait, and it is tried again "
                    "every second",
                    escape_for_terminal(options_.path), why, options_.pending_bytes_max));
}

}  // namespace whodid
