// SPDX-License-Identifier: Apache-2.0
// Restore: logins that are older than the sensor, pieced together from what they left, and marked inferred.
#pragma once

#include "base/host.h"
#include "enrich/person_map.h"
#include "enrich/processes.h"
#include "enrich/sessions.h"
#include "enrich/users.h"

namespace whodid {

/// For every session of a process in the table that was not announced: logind's file on it, else the
/// connection its sshd holds, else the environment sshd gave to the session's first process. Users can set
/// the last two of these: the basis says inferred for all. What key it was is not known any more.
void restore_sessions(const Host& host, const PersonMap& people, const Processes& processes, Users& users,
                      Sessions& sessions);

/// The peer of the first established TCP connection among a process' descriptors, as /proc/PID/net tells.
struct Peer {
    std::string address;
    std::uint16_t port = 0;
};
Peer tcp_peer_of(const Host& host, std::uint32_t pid);

}  // namespace whodid
