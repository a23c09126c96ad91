// SPDX-License-Identifier: Apache-2.0
// One thread sends; the pump encodes once for all.
#include "app/trace_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

#include "app/poll_ready.h"
#include "event/kinds.h"

namespace whodid {

namespace {

constexpr int kEndLookMs = 10;
constexpr int kFramesAtOnce = 4;  // the pump waits for who holds the lock

void note_gap(std::vector<StreamGap>& gaps, const StreamGap& gap) {
    const auto same = std::ranges::find(gaps, gap.kind, &StreamGap::kind);
    if (same == gaps.end()) return gaps.push_back(gap);
    same->count += gap.count;
    same->since_ns = std::min(same->since_ns, gap.since_ns);
    same->until_ns = std::max(same->until_ns, gap.until_ns);
}

}  // namespace

TraceServer::TraceServer(Settings settings)
    : head_(std::make_shared<const std::string>(stream_head_frame(settings.head))),
      now_ns_(std::move(settings.now_ns)),
      held_until_ns_(settings.follows_another ? now_ns_() + kHoldNs : 0),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wanted_(settings.follows_another ? 1 : 0),
      holds_(settings.follows_another) {}

Result<std::unique_ptr<TraceServer>> TraceServer::start(Settings settings) {
    std::unique_ptr<TraceServer> server(new TraceServer(std::move(settings)));
    if (!server->wake_.valid()) return Error::from_errno("cannot make an event descriptor for traces");
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for who starts it
    Result<void> started;
    try {
        server->thread_ = std::thread([raw = server.get()] { raw->serve(); });
    } catch (const std::system_error& failed) {
        started = Error{std::string("cannot start a thread for traces: ") + failed.what()};
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!started) return started.error();
    return server;
}

TraceServer::~TraceServer() {
    stops_ = true;
    wake();
    if (thread_.joinable()) thread_.join();
}

void TraceServer::wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
}

TraceServer::Counts TraceServer::counts() const {
    const std::lock_guard lock(mutex_);
    Counts counts = counts_;
    counts.clients = clients_.size();
    return counts;
}

bool TraceServer::add(Fd& socket, std::string_view answer, std::optional<std::uint64_t> after) {
    auto client = std::make_unique<Client>();
    put(*client, std::make_shared<const std::string>(answer));
    put(*client, head_);
    {
        const std::lock_guard lock(mutex_);
        if (clients_.size() >= kClientsMax) return false;
        client->socket = std::move(socket);
        if (after)
            for (const Held& held : held_)
                if (held.last_seq > *after) put(*client, held.frame);
        clients_.push_back(std::move(client));
        ++wanted_;
    }
    wake();
    return true;
}

// ---- the pump's -------------------------------------------------------------------------------------------

std::vector<TraceServer::Piece> TraceServer::pieces_of(const Batch& batch,
                                                       const EventFrameWriter::Parent& parent) {
    std::vector<Piece> pieces;
    EventFrameWriter writer(parent);
    Piece piece;
    for (const Event& event : batch.events) {
        writer.add(event);
        note_gap(piece.events, {event.kind->id, 1, event.wall_ns, event.wall_ns});
        piece.last_seq = event.seq;
        ++piece.count;
        if (writer.bytes() < kFrameBytes && &event != &batch.events.back()) continue;
        piece.bytes = writer.finish();
        pieces.push_back(std::exchange(piece, {}));
    }
    return pieces;
}

void TraceServer::put(Client& client, Shared frame) {
    client.queued += frame->size();
    client.queue.push_back(std::move(frame));
}

void TraceServer::put_gaps(Client& client) {
    if (client.gaps.empty()) return;
    put(client, std::make_shared<const std::string>(stream_gap_frame(std::exchange(client.gaps, {}))));
}

/// Who was too slow gets no more before half of what waits is gone, so that gaps are few.
void TraceServer::offer(Client& client, const Piece& piece, const Shared& frame) {
    const std::size_t room = client.is_behind ? kQueueBytesMax / 2 : kQueueBytesMax;
    client.is_behind = client.queued + frame->size() > room;
    if (client.is_behind) {
        for (const StreamGap& gap : piece.events) note_gap(client.gaps, gap);
        counts_.dropped += piece.count;
        return;
    }
    put_gaps(client);
    put(client, frame);
    counts_.sent += piece.count;
}

/// Those it does not have room for were told long ago.
void TraceServer::hold(const Piece& piece, const Shared& frame) {
    held_.push_back({piece.last_seq, frame});
    held_bytes_ += frame->size();
    for (; held_bytes_ > kQueueBytesMax; held_.pop_front()) held_bytes_ -= held_.front().frame->size();
    if (now_ns_() < held_until_ns_) return;
    held_.clear();
    holds_ = false;
    --wanted_;
}

void TraceServer::write(const Batch& batch, const EventFrameWriter::Parent& parent) {
    if (wanted_.load(std::memory_order_relaxed) == 0) return;
    for (Piece& piece : pieces_of(batch, parent)) {
        const auto frame = std::make_shared<const std::string>(std::move(piece.bytes));
        const std::lock_guard lock(mutex_);
        for (const auto& client : clients_)
            if (!client->is_gone) offer(*client, piece, frame);
        if (holds_) hold(piece, frame);
    }
    wake();
}

void TraceServer::end(StreamEnd end, std::uint64_t patience_ns) {
    const auto frame = std::make_shared<const std::string>(stream_end_frame(end));
    {
        const std::lock_guard lock(mutex_);
        for (const auto& client : clients_) {
            put_gaps(*client);
            put(*client, frame);
        }
    }
    wake();
    const std::uint64_t until_ns = monotonic_now_ns() + patience_ns;
    while (monotonic_now_ns() < until_ns) {
        {
            const std::lock_guard lock(mutex_);
            const auto has_all = [](const auto& client) { return client->is_gone || client->queue.empty(); };
            if (std::ranges::all_of(clients_, has_all)) return;
        }
        ::poll(nullptr, 0, kEndLookMs);
    }
}

// ---- the thread -------------------------------------------------------------------------------------------

void TraceServer::send(Client& client) {
    for (int i = 0; i < kFramesAtOnce && !client.queue.empty(); ++i) {
        const std::string_view rest = std::string_view(*client.queue.front()).substr(client.sent);
        const ssize_t put =
            ::send(client.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0) {
            client.is_gone = errno != EAGAIN && errno != EINTR;
            return;
        }
        client.sent += static_cast<std::size_t>(put);
        if (client.sent < client.queue.front()->size()) continue;
        client.queued -= client.queue.front()->size();
        client.queue.pop_front();
        client.sent = 0;
        // Where nothing more comes for a while it is told at once what it misses.
        if (client.queue.empty()) put_gaps(client);
    }
}

void TraceServer::serve() {
    std::vector<pollfd> fds;
    while (!stops_) {
        fds.assign({{wake_.get(), POLLIN, 0}});
        {
            const std::lock_guard lock(mutex_);
            for (const auto& client : clients_)
                fds.push_back({client->socket.get(),
                               static_cast<short>(client->queue.empty() ? POLLRDHUP : POLLOUT | POLLRDHUP),
                               0});
        }
        (void)poll_ready(fds, -1);
        std::uint64_t woken = 0;
        if (fds[0].revents) (void)!::read(wake_.get(), &woken, sizeof woken);
        const std::lock_guard lock(mutex_);
        // Only this thread takes clients away: those that came meanwhile are behind the others.
        for (std::size_t i = 0; i + 1 < fds.size(); ++i) {
            Client& client = *clients_[i];
            if (fds[i + 1].revents & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL)) client.is_gone = true;
            if (!client.is_gone) send(client);
        }
        wanted_ -= std::erase_if(clients_, [](const auto& client) { return client->is_gone; });
    }
}

}  // namespace whodid
