// SPDX-License-Identifier: Apache-2.0
// sd_notify(3) without its library: a datagram of lines NAME=VALUE.
#include "app/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>

#include "base/clock.h"
#include "base/escape.h"

namespace whodid {

namespace {

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets it
    return value ? value : "";
}

/// nullopt for anything but digits.
std::optional<std::uint64_t> read_digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Of another process, as where a shell is between, it is none of ours.
std::uint64_t watchdog_in_environment() {
    const std::string_view pid = environment("WATCHDOG_PID");
    if (!pid.empty() && read_digits(pid) != static_cast<std::uint64_t>(::getpid())) return 0;
    constexpr std::uint64_t kMostUs = UINT64_MAX / 1000;
    const std::uint64_t us = read_digits(environment("WATCHDOG_USEC")).value_or(0);
    return us <= kMostUs ? us * 1000 : 0;
}

}  // namespace

Result<ServiceNotices> ServiceNotices::from_environment() {
    return to(std::string(environment("NOTIFY_SOCKET")), watchdog_in_environment());
}

Result<ServiceNotices> ServiceNotices::to(const std::string& address, std::uint64_t watchdog_ns) {
    ServiceNotices notices;
    if (address.empty()) return notices;
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if ((address[0] != '/' && address[0] != '@') || address.size() < 2 ||
        address.size() >= sizeof name.sun_path)
        return Error{fmt::format("NOTIFY_SOCKET: {} is no socket: it is a path or @name of at most {} bytes",
                                 quote_for_terminal(address), sizeof name.sun_path - 1),
                     EINVAL};
    address.copy(name.sun_path, address.size());
    if (address[0] == '@') name.sun_path[0] = 0;
    // An abstract name is as long as it is told to be.
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    notices.socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!notices.socket_.valid() ||
        ::connect(notices.socket_.get(), reinterpret_cast<const sockaddr*>(&name), bytes) != 0)
        return Error::from_errno("cannot tell the service manager, NOTIFY_SOCKET " +
                                 escape_for_terminal(address));
    notices.watchdog_ns_ = watchdog_ns;
    return notices;
}

Result<void> ServiceNotices::tell(std::string_view message) const {
    if (!socket_.valid()) return {};
    if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0)
        return Error::from_errno("cannot tell the service manager");
    return {};
}

Result<void> ServiceNotices::ready() { return tell("READY=1"); }

/// The time tells the answer to this reload from that to an earlier one.
Result<void> ServiceNotices::reloading() {
    return tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_now_ns() / 1000));
}

Result<void> ServiceNotices::stopping() { return tell("STOPPING=1"); }

Result<void> ServiceNotices::status(std::string_view text) {
    std::string line = "STATUS=" + to_utf8_replacing(text);
    if (std::size_t end = kStatusBytesMax; line.size() > end) {
        while ((line[end] & 0xc0) == 0x80) --end;  // no character is split
        line.resize(end);
    }
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return tell(line);
}

Result<void> ServiceNotices::alive() { return tell("WATCHDOG=1"); }

bool is_journal(std::string_view journal_stream, int fd) {
    struct stat st {};
    const std::size_t colon = journal_stream.find(':');
    if (colon == journal_stream.npos || ::fstat(fd, &st) != 0) return false;
    return read_digits(journal_stream.substr(0, colon)) == st.st_dev &&
           read_digits(journal_stream.substr(colon + 1)) == st.st_ino;
}

}  // namespace whodid
