// SPDX-License-Identifier: Apache-2.0
// StatusServer: tells whoever may ask how this sensor fares, on a thread of its own.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/listener.h"
#include "app/status.h"
#include "app/trace_server.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace whodid {

/// What is listened on; made before rights are given up (listener.h). They may be shared with a predecessor
/// that has died: who has asked meanwhile is answered by its successor.
struct StatusListeners {
    Fd status;   // Unix: everything, to those who may ask
    Fd metrics;  // Unix or loopback: metrics and probes alone. Not valid: none
    std::optional<gid_t> group;
};

class StatusServer {
public:
    static constexpr std::size_t kClientsMax = 8;                // of each listener, at a time
    static constexpr std::uint64_t kPatienceNs = 5'000'000'000;  // to ask, and again to take the answer
    static constexpr std::uint64_t kStalledNs = 10'000'000'000;  // without a word from the pump

    /// `now_ns`: the monotonic clock. `traces` gets those who ask for events, and outlives it; null: there
    /// are none. Errors: no thread, no descriptor.
    static Result<std::unique_ptr<StatusServer>> start(
        StatusListeners listeners, std::function<std::uint64_t()> now_ns = monotonic_now_ns,
        TraceServer* traces = nullptr);
    /// Ends the thread; who has not been answered yet is not.
    ~StatusServer();
    StatusServer(const StatusServer&) = delete;
    StatusServer& operator=(const StatusServer&) = delete;

    /// By the pump, once a second: what is told from now on, and that it moves. Never waits for a client.
    void publish(std::shared_ptr<const Status> status);

private:
    struct Answer {
        int status = 200;
        std::string_view type = "text/plain; charset=utf-8";
        std::string body;
        bool healthy = true;
    };
    struct Client {
        Fd socket;
        bool is_metrics = false, is_refused = false;
        std::uint64_t until_ns = 0;  // then it is dropped
        std::string asked, answer;
        std::size_t sent = 0;  // of the answer
        bool is_done = false;  // all sent: waits for the other end to close
    };

    StatusServer(StatusListeners listeners, std::function<std::uint64_t()> now_ns, TraceServer* traces);
    void serve();
    void accept_from(const Fd& listener, bool is_metrics);
    std::size_t clients_of(bool metrics) const;
    /// False: it is to be dropped.
    bool advance(Client& client);
    bool read_more(Client& client);
    bool write_more(Client& client);
    bool hands_on(Client& client) const;
    std::string answer_to(const Client& client, std::string_view asked) const;
    Answer route(std::string_view path, std::string_view query, bool is_metrics) const;
    Answer tell_status(std::string_view query) const;
    Answer tell_events(std::string_view query) const;
    Answer tell_metrics() const;
    Answer tell_health() const;
    Answer tell_readiness() const;
    std::shared_ptr<const Status> latest(std::uint64_t& silent_ns) const;

    const StatusListeners listeners_;
    const std::function<std::uint64_t()> now_ns_;
    TraceServer* const traces_;
    Fd wake_;
    std::vector<Client> clients_;
    bool must_wait_ = false;  // no descriptor is left for who asks: poll would not wait
    mutable std::mutex mutex_;
    std::shared_ptr<const Status> status_;  // null: none yet
    std::uint64_t published_ns_ = 0;
    std::thread thread_;
};

}  // namespace whodid
