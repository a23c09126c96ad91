// SPDX-License-Identifier: Apache-2.0
// The sockets on which a sensor tells its status.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace whodid {

constexpr const char* kStatusSocket = "/run/whodid/whodid.sock";
constexpr const char* kStatusGroup = "whodid";

/// The number of that group; nullopt where there is none. Asks the name service: may take its time.
std::optional<gid_t> status_group();

/// A listening stream socket at `path`, mode 0660, of the group if there is one and this process may give it.
/// Its directory is made, mode 0750 and of the same group, when it is missing. A socket on which nobody
/// listens any more is replaced. Errors: somebody listens there, a file that is no socket, a path of more
/// than 107 bytes.
Result<Fd> listen_on_path(const std::string& path, std::optional<gid_t> group);

/// Where metrics are served: "127.0.0.1:9464", "[::1]:9464" (any loopback address and port), or "unix:/path",
/// as above. Errors: another address, which the whole network could ask.
Result<Fd> listen_for_metrics(const std::string& where, std::optional<gid_t> group);

/// Connected to `path`; waits up to 5 s for that, for each write and each read. Errors have errno as code.
Result<Fd> connect_to_path(const std::string& path);

/// Who is at the other end of a Unix socket, as it was when it connected (SO_PEERCRED, SO_PEERGROUPS).
struct Peer {
    uid_t uid = 0;
    std::vector<gid_t> groups;  // the primary one first
};
/// nullopt: the other end is on the network, or the kernel does not tell.
std::optional<Peer> peer_of(int socket);

/// Root, the user this process runs as, and members of the group.
bool may_ask(const Peer& peer, std::optional<gid_t> group);

}  // namespace whodid
