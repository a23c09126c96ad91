// SPDX-License-Identifier: Apache-2.0
// The client of /events.
#include "app/trace_client.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "app/http_answer.h"
#include "app/listener.h"
#include "base/escape.h"

namespace whodid {

namespace {

constexpr std::size_t kEventsAnswerMax = 64 << 10;
constexpr std::string_view kEventsGranted = "HTTP/1.1 200 ";

Error may_not_trace(const std::string& path) {
    return {fmt::format("no permission to read the events of the whodid daemon on {}: they are for root and "
                        "members of group {}; try sudo, or 'usermod -aG {} NAME' and log in again "
                        "(--standalone loads programs of its own, as root)",
                        escape_for_terminal(path), kStatusGroup, kStatusGroup),
            EPERM};
}

Error gives_no_events(const std::string& path, std::string_view why) {
    return {fmt::format("the whodid daemon on {} gives no events: {}; --standalone loads programs of its own",
                        escape_for_terminal(path), escape_for_terminal(why)),
            EPROTO};
}

Error why_refused(const std::string& path, const SensorAnswer& answer) {
    if (answer.status == 403) return may_not_trace(path);
    if (answer.status == 404) return gives_no_events(path, "it is of an earlier version");
    return gives_no_events(path, answer.body.substr(0, answer.body.find('\n')));
}

}  // namespace

Result<TraceClient> TraceClient::ask(const std::string& socket, std::optional<std::uint64_t> after) {
    auto connected = connect_to_path(socket);
    if (!connected && (connected.error().code == EACCES || connected.error().code == EPERM))
        return may_not_trace(socket);
    if (!connected) return connected.error();
    const std::string request = fmt::format("GET /events{} HTTP/1.1\r\nHost: whodid\r\n\r\n",
                                            after ? fmt::format("?after={}", *after) : std::string());
    // One that ends just now is seen to have closed, as one that ends a moment later.
    (void)!::send(connected->get(), request.data(), request.size(), MSG_NOSIGNAL);
    return TraceClient(std::move(*connected), socket);
}

/// What it says before the first frame, or why there is none.
Result<void> TraceClient::take_answer(bool is_closed) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t end = answer_.find(kEnd);
    if (end != answer_.npos && answer_.starts_with(kEventsGranted)) {
        is_answered_ = true;
        frames_.feed(std::string_view(answer_).substr(end + kEnd.size()));
        answer_.clear();
        return {};
    }
    const auto refusal = read_sensor_answer(answer_);
    if (refusal) return why_refused(path_, *refusal);
    constexpr std::string_view kAnyAnswer = "HTTP/1.1 ";
    const std::string_view begin = std::string_view(answer_).substr(0, kAnyAnswer.size());
    const bool may_be_one = kAnyAnswer.starts_with(begin) && answer_.size() < kEventsAnswerMax;
    const bool is_whole = is_closed && end != answer_.npos;
    if (may_be_one && !is_whole) return {};
    return gives_no_events(path_, "what answers there is no whodid");
}

Result<bool> TraceClient::receive() {
    std::array<char, 64 << 10> bytes;
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    // ECONNRESET: it ended before it had read what it was asked.
    const std::string_view came(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    if (is_answered_) {
        frames_.feed(came);
        return got > 0;
    }
    answer_ += came;
    if (auto taken = take_answer(got <= 0); !taken) return taken.error();
    return got > 0;
}

}  // namespace whodid
