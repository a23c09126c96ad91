// SPDX-License-Identifier: Apache-2.0
// What a process of the service gives up once it is set up: system calls that it never makes, so that whoever
// takes it over by a mistake in it cannot either. Capabilities are base/rights.h's matter.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace whodid {

enum class Role {
    kSupervisor,  // starts workers and holds the kernel side
    kWorker,      // reads, tells and sends; starts threads, but no process
};

/// For the calling thread and all it starts, for good: no new privileges, no core dump, nobody of the same
/// user may trace it; no program is started; mounts, namespaces, modules, the clock, keys, other processes'
/// memory and user ids are left alone: these calls fail with EPERM. A system call of another architecture
/// ends the process. An Error tells what the kernel refused.
Result<void> confine(Role role);

}  // namespace whodid
