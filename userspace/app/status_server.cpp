// SPDX-License-Identifier: Apache-2.0
// One thread, one poll: HTTP/1.1, one GET for each connection.
#include "app/status_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <system_error>
#include <utility>

#include "app/http_request.h"
#include "app/poll_ready.h"
#include "sink/prometheus.h"

namespace whodid {

namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kEventsPath = "/events";
constexpr int kClockLookMs = 1000;  // how late an idle client may be dropped

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Bad Request";
    }
}

/// "after=123", or nothing. False: it is neither.
bool read_after(std::string_view query, std::optional<std::uint64_t>& after) {
    constexpr std::string_view kAfter = "after=";
    if (query.empty()) return true;
    if (!query.starts_with(kAfter)) return false;
    std::uint64_t number = 0;
    const char* const end = query.data() + query.size();
    const auto [last, error] = std::from_chars(query.data() + kAfter.size(), end, number);
    if (error != std::errc() || last != end) return false;
    after = number;
    return true;
}

/// The thread takes no signal: those are for who starts it.
class BlockedSignals {
public:
    BlockedSignals() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

StatusServer::StatusServer(StatusListeners listeners, std::function<std::uint64_t()> now_ns,
                           TraceServer* traces)
    : listeners_(std::move(listeners)),
      now_ns_(std::move(now_ns)),
      traces_(traces),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Result<std::unique_ptr<StatusServer>> StatusServer::start(StatusListeners listeners,
                                                          std::function<std::uint64_t()> now_ns,
                                                          TraceServer* traces) {
    std::unique_ptr<StatusServer> server(new StatusServer(std::move(listeners), std::move(now_ns), traces));
    if (!server->wake_.valid()) return Error::from_errno("cannot serve the status");
    const BlockedSignals none;
    try {
        server->thread_ = std::thread([s = server.get()] { s->serve(); });
    } catch (const std::system_error& error) {
        return Error::from_errno("cannot serve the status: no thread", error.code().value());
    }
    return server;
}

StatusServer::~StatusServer() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
    thread_.join();
}

void StatusServer::publish(std::shared_ptr<const Status> status) {
    const std::uint64_t now = now_ns_();
    const std::lock_guard lock(mutex_);
    status_.swap(status);
    published_ns_ = now;
}

/// `silent_ns`: for how long nothing was published, where that is too long; else 0.
std::shared_ptr<const Status> StatusServer::latest(std::uint64_t& silent_ns) const {
    const std::uint64_t now = now_ns_();
    const std::lock_guard lock(mutex_);
    const std::uint64_t silent = status_ && now > published_ns_ ? now - published_ns_ : 0;
    silent_ns = silent > kStalledNs ? silent : 0;
    return status_;
}

// ---- the thread -------------------------------------------------------------------------------------------

void StatusServer::serve() {
    std::vector<pollfd> fds;
    while (true) {
        fds.assign({{wake_.get(), POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}});
        // Who finds no room waits in the listener's queue: every client here is gone in ten seconds.
        const bool accepts = !std::exchange(must_wait_, false);
        if (accepts && clients_of(false) < kClientsMax) fds[1].fd = listeners_.status.get();
        if (accepts && clients_of(true) < kClientsMax) fds[2].fd = listeners_.metrics.get();
        for (const Client& client : clients_) {
            const bool writes = !client.answer.empty() && !client.is_done;
            fds.push_back({client.socket.get(), static_cast<short>(writes ? POLLOUT : POLLIN), 0});
        }
        const int timeout = accepts && clients_.empty() ? -1 : kClockLookMs;
        (void)poll_ready(fds, timeout);
        if (fds[0].revents) return;
        const std::uint64_t now = now_ns_();
        for (std::size_t i = clients_.size(); i-- > 0;) {
            const bool stays = fds[i + 3].revents == 0 || advance(clients_[i]);
            if (!stays || now >= clients_[i].until_ns)
                clients_.erase(clients_.begin() + static_cast<long>(i));
        }
        if (fds[1].revents) accept_from(listeners_.status, false);
        if (fds[2].revents) accept_from(listeners_.metrics, true);
    }
}

std::size_t StatusServer::clients_of(bool metrics) const {
    return static_cast<std::size_t>(std::ranges::count(clients_, metrics, &Client::is_metrics));
}

void StatusServer::accept_from(const Fd& listener, bool is_metrics) {
    Client client;
    client.socket = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.socket.valid()) {
        must_wait_ |= errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
        return;
    }
    client.is_metrics = is_metrics;
    const auto peer = peer_of(client.socket.get());
    client.is_refused = peer ? !may_ask(*peer, listeners_.group) : !is_metrics;
    client.until_ns = now_ns_() + kPatienceNs;
    clients_.push_back(std::move(client));
}

bool StatusServer::advance(Client& client) {
    if (client.is_done) return read_more(client);
    if (client.answer.empty()) {
        if (!read_more(client)) return false;
        if (hands_on(client)) return false;
        client.answer = answer_to(client, client.asked);
        if (client.answer.empty()) return true;
        client.until_ns = now_ns_() + kPatienceNs;
    }
    return write_more(client);
}

/// What comes once it is answered is thrown away: closing a connection with bytes unread would take the
/// answer back from a network client.
bool StatusServer::read_more(Client& client) {
    char bytes[4096];
    const ssize_t got = ::recv(client.socket.get(), bytes, sizeof bytes, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    if (!client.is_done) client.asked.append(bytes, static_cast<std::size_t>(got));
    return true;
}

bool StatusServer::write_more(Client& client) {
    const std::string_view rest = std::string_view(client.answer).substr(client.sent);
    const ssize_t put = ::send(client.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    client.sent += static_cast<std::size_t>(put);
    client.is_done = client.sent == client.answer.size();
    return !client.is_done || ::shutdown(client.socket.get(), SHUT_WR) == 0;
}

/// Whoever may have events is the trace server's from here on.
bool StatusServer::hands_on(Client& client) const {
    if (!traces_ || client.is_metrics || client.is_refused) return false;
    const HttpRequest request = read_http_request(client.asked);
    std::optional<std::uint64_t> after;
    return request.status == 200 && request.path == kEventsPath && read_after(request.query, after) &&
           traces_->add(client.socket,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                        "Connection: close\r\nCache-Control: no-store\r\n\r\n",
                        after);
}

// ---- answers ----------------------------------------------------------------------------------------------

/// Empty: it has not asked yet.
std::string StatusServer::answer_to(const Client& client, std::string_view asked) const {
    const HttpRequest request = read_http_request(asked);
    if (request.status == 0) return {};
    Answer answer;
    if (request.status != 200)
        answer = {request.status, answer.type, fmt::format("{}\n", request.why)};
    else if (client.is_refused)
        answer = {403, answer.type, fmt::format("for root and members of group {} only\n", kStatusGroup)};
    else
        answer = route(request.path, request.query, client.is_metrics);
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n"
        "Cache-Control: no-store\r\nWhodid-Healthy: {}\r\n{}\r\n{}",
        answer.status, reason_of(answer.status), answer.type, answer.body.size(), answer.healthy,
        answer.status == 405 ? "Allow: GET\r\n" : "", answer.body);
}

StatusServer::Answer StatusServer::route(std::string_view path, std::string_view query,
                                         bool is_metrics) const {
    if (path == "/metrics") return tell_metrics();
    if (path == "/healthz") return tell_health();
    if (path == "/readyz") return tell_readiness();
    if (path == "/status" && !is_metrics) return tell_status(query);
    if (path == kEventsPath && !is_metrics && traces_) return tell_events(query);
    return {404, Answer().type,
            is_metrics ? "there is /metrics, /healthz and /readyz\n"
                       : "there is /status, /status?text, /events, /metrics, /healthz and /readyz\n"};
}

StatusServer::Answer StatusServer::tell_status(std::string_view query) const {
    std::uint64_t silent_ns = 0;
    const auto published = latest(silent_ns);
    Status status = published ? *published : Status{};
    status.stalled_ns = silent_ns;
    const bool healthy = troubles(status).empty();
    if (query == "text") return {200, Answer().type, status_text(status), healthy};
    return {200, kJsonType, status_json(status), healthy};
}

/// Why they are not.
StatusServer::Answer StatusServer::tell_events(std::string_view query) const {
    std::optional<std::uint64_t> after;
    if (!read_after(query, after)) return {400, Answer().type, "/events, or /events?after=NUMBER\n"};
    return {503, Answer().type,
            fmt::format("{} traces are served already: end one of them\n", TraceServer::kClientsMax)};
}

StatusServer::Answer StatusServer::tell_metrics() const {
    std::uint64_t silent_ns = 0;
    const auto status = latest(silent_ns);
    if (!status) return {503, Answer().type, "starting\n"};
    return {200, kPrometheusType, prometheus_text(metrics_of(*status))};
}

/// Before the first word from the pump it is starting, which may take its time.
StatusServer::Answer StatusServer::tell_health() const {
    std::uint64_t silent_ns = 0;
    const auto status = latest(silent_ns);
    if (silent_ns == 0) return {200, Answer().type, status ? "ok\n" : "starting\n"};
    return {503, Answer().type, fmt::format("the pump has not moved for {}\n", format_duration(silent_ns))};
}

StatusServer::Answer StatusServer::tell_readiness() const {
    std::uint64_t silent_ns = 0;
    const auto status = latest(silent_ns);
    if (!status || !status->is_ready) return {503, Answer().type, "starting\n"};
    return {200, Answer().type, "ok\n"};
}

}  // namespace whodid
