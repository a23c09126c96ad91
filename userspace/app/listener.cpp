// SPDX-License-Identifier: Apache-2.0
// Unix and loopback sockets.
#include "app/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/escape.h"

namespace whodid {

namespace {

constexpr int kBacklog = 16;
constexpr int kPatienceS = 5;

Result<sockaddr_un> socket_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path || path.find('\0') != path.npos)
        return Error{fmt::format("{} is no path of a socket: it has 1 to {} bytes", quote_for_terminal(path),
                                 sizeof address.sun_path - 1),
                     EINVAL};
    path.copy(address.sun_path, path.size());
    return address;
}

Error cannot_listen(const std::string& path, int code = errno) {
    return Error::from_errno("cannot listen on " + escape_for_terminal(path), code);
}

/// Whether `path` may be taken: nothing is there, or the socket of one who is gone, which is removed.
Result<void> clear_path(const std::string& path, const sockaddr_un& address) {
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) return errno == ENOENT ? Result<void>() : cannot_listen(path);
    if (!S_ISSOCK(st.st_mode))
        return Error{
            fmt::format("cannot listen on {}: a file that is no socket is in its place; remove it, or "
                        "choose another path",
                        escape_for_terminal(path)),
            EEXIST};
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe.valid()) return cannot_listen(path);
    // EAGAIN: somebody listens, and has not taken those that wait.
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        errno == EAGAIN)
        return Error{fmt::format("cannot listen on {}: somebody does already; is another whodid running?",
                                 escape_for_terminal(path)),
                     EADDRINUSE};
    if (errno != ECONNREFUSED) return cannot_listen(path);
    return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Result<void>() : cannot_listen(path);
}

void make_directory_of(const std::string& path, std::optional<gid_t> group) {
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos || slash == 0) return;
    const std::string directory = path.substr(0, slash);
    if (::mkdir(directory.c_str(), 0750) == 0 && group)
        (void)!::chown(directory.c_str(), static_cast<uid_t>(-1), *group);
}

/// "127.0.0.1", "::1" and a port; nullopt for what is no such pair.
struct AddressAndPort {
    std::string address;
    std::uint16_t port = 0;
};
std::optional<AddressAndPort> split_address(std::string_view where) {
    const std::size_t colon = where.rfind(':');
    if (colon == where.npos) return std::nullopt;
    AddressAndPort out;
    const std::string_view port = where.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
    std::string_view address = where.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    out.address = address;
    return out;
}

struct InternetAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    bool is_loopback = false;
};
std::optional<InternetAddress> parse_address(const AddressAndPort& at) {
    InternetAddress out;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, at.address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(at.port);
        std::memcpy(&out.storage, &v4, out.size = sizeof v4);
        out.is_loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    } else if (::inet_pton(AF_INET6, at.address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(at.port);
        std::memcpy(&out.storage, &v6, out.size = sizeof v6);
        out.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    } else {
        return std::nullopt;
    }
    return out;
}

Result<Fd> listen_on_loopback(const std::string& where, const InternetAddress& address) {
    Fd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) return cannot_listen(where);
    const int on = 1;  // or a restart would have to wait for the last one's connections
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
        ::listen(socket.get(), kBacklog) != 0)
        return cannot_listen(where);
    return socket;
}

}  // namespace

std::optional<gid_t> status_group() {
    const group* found = ::getgrnam(kStatusGroup);  // NOLINT(concurrency-mt-unsafe): before any thread
    return found ? std::optional(found->gr_gid) : std::nullopt;
}

Result<Fd> listen_on_path(const std::string& path, std::optional<gid_t> group) {
    const auto address = socket_address(path);
    if (!address) return address.error();
    make_directory_of(path, group);
    if (auto clear = clear_path(path, *address); !clear) return clear.error();
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Its mode is that of the file that bind() makes: nobody comes in before the group is set.
    if (!socket.valid() || ::fchmod(socket.get(), 0600) != 0 ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        return cannot_listen(path);
    if (group) (void)!::lchown(path.c_str(), static_cast<uid_t>(-1), *group);
    if (::chmod(path.c_str(), 0660) != 0 || ::listen(socket.get(), kBacklog) != 0) return cannot_listen(path);
    return socket;
}

Result<Fd> listen_for_metrics(const std::string& where, std::optional<gid_t> group) {
    constexpr std::string_view kUnix = "unix:";
    if (where.starts_with(kUnix)) return listen_on_path(where.substr(kUnix.size()), group);
    const auto at = split_address(where);
    const auto address = at ? parse_address(*at) : std::nullopt;
    if (!address)
        return Error{fmt::format("{} is no place for metrics: give 127.0.0.1:9464, [::1]:9464 or unix:/path",
                                 quote_for_terminal(where)),
                     EINVAL};
    if (!address->is_loopback)
        return Error{
            fmt::format("metrics are not served on {}: whoever reaches that address could read them, "
                        "for they are told without a password; give 127.0.0.1:{}, [::1]:{} or unix:/path, "
                        "and put a proxy that asks for one before it",
                        escape_for_terminal(where), at->port, at->port),
            EINVAL};
    return listen_on_loopback(where, *address);
}

Result<Fd> connect_to_path(const std::string& path) {
    const auto address = socket_address(path);
    if (!address) return address.error();
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{kPatienceS, 0};
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // connect() too
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!socket.valid() ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        return Error::from_errno("cannot ask " + escape_for_terminal(path));
    return socket;
}

std::optional<Peer> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
        credentials.uid == static_cast<uid_t>(-1))
        return std::nullopt;
    Peer peer{credentials.uid, {credentials.gid}};
    socklen_t bytes = 0;
    gid_t none = 0;
    // With no room it tells how much it needs.
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, &none, &bytes) == 0 || errno != ERANGE) return peer;
    std::vector<gid_t> others(bytes / sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, others.data(), &bytes) == 0)
        peer.groups.insert(peer.groups.end(), others.begin(), others.end());
    return peer;
}

bool may_ask(const Peer& peer, std::optional<gid_t> group) {
    return peer.uid == 0 || peer.uid == ::geteuid() ||
           (group && std::ranges::count(peer.groups, *group) != 0);
}

}  // namespace whodid
