// SPDX-License-Identifier: Apache-2.0
// Host snapshot: what a recording takes along of the host, so that names come out the same elsewhere.
#pragma once

#include <string>

#include "base/host.h"

namespace whodid {

/// passwd and group reduced to names, ids and homes, mounts without their options, logind's sessions reduced
/// to who came from where, the connections of sshd's processes, and which files the trusted programs are. The
/// clock is left at zero.
RecordedHost snapshot_host(const Host& host);

/// /etc/passwd and /etc/group as the snapshot has them; empty when they cannot be read.
std::string passwd_snapshot(const Host& host);
std::string group_snapshot(const Host& host);

}  // namespace whodid
