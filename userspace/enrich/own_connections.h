// SPDX-License-Identifier: Apache-2.0
// Own connections: TCP connections with both ends on this host, so that a login leads back to the one it was
// made from.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/table_size.h"
#include "enrich/processes.h"

namespace whodid {

class OwnConnections {
public:
    /// A process of a login has connected.
    void connected(const rec_net& record, const Snapshot& client);
    /// A login program has taken a connection.
    void accepted(const rec_net& record, const Snapshot& server);
    void closed(const rec_net& record);

    /// Who holds the other end of what a login program accepted in that network namespace from there; null
    /// when nobody of this host in a login, or it is not certain. The same address and port can be in use
    /// for several destinations, and are another host's in another namespace: both ends have to agree.
    Snapshot client_of(std::uint32_t net_ns, std::string_view address, std::uint16_t port) const;

    TableSize table_size() const { return {"own_connections", sockets_.size(), kMax, evicted_}; }

private:
    static constexpr std::size_t kMax = 16384;
    struct End {
        std::string other;  // "192.0.2.1:22"
        Snapshot client;    // null at the end that accepted
    };
    using Ends = std::unordered_map<std::string, End>;  // by the client's own "NAMESPACE ADDRESS:PORT"

    void remember(Ends& ends, std::uint64_t socket, std::string client, End end);

    Ends connected_, accepted_;
    std::unordered_map<std::uint64_t, std::string> sockets_;  // the client's end, by the kernel's socket
    std::uint64_t evicted_ = 0;
};

}  // namespace whodid
