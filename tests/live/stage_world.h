// SPDX-License-Identifier: Apache-2.0
// Builds the world of a stage: namespaces that look like this machine but share nothing writable with it.
//
// The machine's whole tree is there, read-only, under the same names. In private memory are /etc (a copy),
// /dev /run /home /root /srv /tmp /var/tmp /var/log /var/lib/sudo /var/spool/cron. Processes, hence /proc,
// are the machine's. The world is its own root, by pivot_root: a path as the kernel resolves it is the path
// seen inside.
#pragma once

#include <string>

#include "stage_process.h"

namespace whodid::live {

struct WorldPlan {
    bool own_network = true;  ///< a network namespace with nothing but lo; otherwise the machine's
    std::string deeds_dir;    ///< programs to copy to kDeedsDir; empty: none
};

/// Where the deeds are inside. suid_probe is setuid root there.
inline constexpr const char* kDeedsDir = "/srv/deeds";

struct BuiltWorld {
    World world;
    Fd log;             ///< bound to /dev/log, with the senders' credentials
    uint16_t port = 0;  ///< free on 127.0.0.1 inside
};

/// Forks a process that builds the world, hands the handles over and ends.
Result<BuiltWorld> build_world(const WorldPlan& plan);

}  // namespace whodid::live
