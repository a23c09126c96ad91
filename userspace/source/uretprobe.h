// SPDX-License-Identifier: Apache-2.0
// Whether uretprobes do harm on this kernel.
#pragma once

#include "base/result.h"

namespace whodid {

/// On x86 a uretprobe ends in a system call of the process that is probed, since Linux 6.11; until the kernel
/// exempted it (6.14, and 6.12 and 6.13 by then), a seccomp filter that does not know it killed the process.
/// A child behind such a filter runs into one. An Error says what happened: EOPNOTSUPP where it was killed.
Result<void> try_uretprobe();

/// What became of the child, as waitpid(2) tells.
Result<void> judge_uretprobe(int status);

}  // namespace whodid
