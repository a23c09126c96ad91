// SPDX-License-Identifier: Apache-2.0
// Requests for another policy, and their answers: a packet each.
#include "app/policy_line.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "app/poll_ready.h"
#include "base/clock.h"

namespace whodid {

namespace {

constexpr std::uint64_t kPatienceNs = 1'000'000'000;        // the pump stands still meanwhile
constexpr std::uint64_t kFirstPatienceNs = 10'000'000'000;  // a worker does not start without one

struct Request {
    std::uint64_t number = 0;
    rec_policy policy{};
};

struct Answer {
    std::uint64_t number = 0;
    std::int32_t error = 0;
    std::uint32_t policy_map = 0;
};

template <class Packet>
bool send_packet(int fd, const Packet& packet) {
    return ::send(fd, &packet, sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof packet;
}

template <class Packet>
bool take_packet(int fd, Packet& packet) {
    return ::recv(fd, &packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC) == sizeof packet;
}

/// False when the time is over or the other end is gone.
bool wait_for_packet(int fd, std::uint64_t until_ns) {
    pollfd p{fd, POLLIN, 0};
    for (std::uint64_t now = boot_now_ns(); now < until_ns; now = boot_now_ns())
        if (poll_ready({&p, 1}, static_cast<int>((until_ns - now) / 1'000'000 + 1)) > 0)
            return p.revents & POLLIN;
    return false;
}

}  // namespace

Result<PolicyLine> PolicyLine::make() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return Error::from_errno("cannot make a socket pair for the worker");
    return PolicyLine{Fd(ends[0]), Fd(ends[1])};
}

void answer_request(int answers_fd, KernelSide& side) {
    Request request;
    if (!take_packet(answers_fd, request)) return;
    const auto put = side.put(request.policy);
    (void)send_packet(answers_fd, Answer{request.number, put ? 0 : put.error().code, side.policy_map()});
}

Result<void> LeasedSide::put(const rec_policy& policy) {
    constexpr const char* kWhat = "cannot have the supervisor give the kernel side its policy";
    const Request request{++asked_, policy};
    if (!send_packet(asks_.get(), request)) return Error::from_errno(kWhat);
    const std::uint64_t until_ns = boot_now_ns() + (has_policy_ ? kPatienceNs : kFirstPatienceNs);
    Answer answer;
    while (wait_for_packet(asks_.get(), until_ns)) {
        if (!take_packet(asks_.get(), answer)) return Error{std::string(kWhat) + ": it is gone", EPIPE};
        if (answer.number != asked_) continue;
        if (answer.error != 0) return Error::from_errno(kWhat, answer.error);
        policy_map_ = answer.policy_map;
        has_policy_ = true;
        return {};
    }
    return Error{std::string(kWhat) + ": no answer", ETIMEDOUT};
}

}  // namespace whodid
