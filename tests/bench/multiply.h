// SPDX-License-Identifier: Apache-2.0
// Multiply: a recording in which one process of another recording comes again and again.
#pragma once

#include <string>

#include "base/result.h"

namespace whodid::bench {

/// Copies `from` to `to`, and behind it the fork, the exec and, with `ending`, the exit of the process in it
/// that ran `program`, `count` times, each with a pid and a start of its own, a millisecond after the last.
Result<void> multiply_process(const std::string& from, const std::string& to, const std::string& program,
                              unsigned count, bool ending);

}  // namespace whodid::bench
