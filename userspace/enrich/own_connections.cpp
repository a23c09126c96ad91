// SPDX-License-Identifier: Apache-2.0
// Connections with both ends here.
#include "enrich/own_connections.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ip_address.h"
#include "enrich/auth.h"

namespace whodid {
namespace {

std::string end_of(const rec_u8 (&bytes)[16], std::uint16_t port, std::uint16_t family) {
    std::array<std::uint8_t, 16> address{};
    std::ranges::copy(bytes, address.begin());
    return fmt::format("{}:{}", format_ip(address, family), port);
}

std::string in_namespace(std::uint32_t net_ns, std::string_view end) {
    return fmt::format("{} {}", net_ns, end);
}

bool is_tcp(const rec_net& record) {
    return record.protocol == IPPROTO_TCP && record.local_port != 0 && record.peer_port != 0;
}

}  // namespace

void OwnConnections::remember(Ends& ends, std::uint64_t socket, std::string client, End end) {
    if (sockets_.size() >= kMax) {
        ++evicted_;
        return;
    }
    sockets_[socket] = client;
    ends[std::move(client)] = std::move(end);
}

void OwnConnections::connected(const rec_net& record, const Snapshot& client) {
    if (record.h.result < 0 || !is_tcp(record) || !client->session) return;
    const std::string here = end_of(record.local, record.local_port, record.family);
    remember(connected_, record.socket, in_namespace(client->net_ns, here),
             {end_of(record.peer, record.peer_port, record.family), client});
}

void OwnConnections::accepted(const rec_net& record, const Snapshot& server) {
    if (record.h.result < 0 || !is_tcp(record) || !Auth::is_login_program(server->exe)) return;
    const std::string there = end_of(record.peer, record.peer_port, record.family);
    remember(accepted_, record.socket, in_namespace(server->net_ns, there),
             {end_of(record.local, record.local_port, record.family), nullptr});
}

void OwnConnections::closed(const rec_net& record) {
    const auto found = sockets_.find(record.socket);
    if (found == sockets_.end()) return;
    (record.outgoing ? connected_ : accepted_).erase(found->second);
    sockets_.erase(found);
}

Snapshot OwnConnections::client_of(std::uint32_t net_ns, std::string_view address, std::uint16_t port) const {
    const std::string client = in_namespace(net_ns, fmt::format("{}:{}", address, port));
    const auto ours = connected_.find(client), theirs = accepted_.find(client);
    if (ours == connected_.end() || theirs == accepted_.end()) return nullptr;
    return ours->second.other == theirs->second.other ? ours->second.client : nullptr;
}

}  // namespace whodid
