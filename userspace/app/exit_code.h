// SPDX-License-Identifier: Apache-2.0
// Exit codes, the same for every command.
#pragma once

#include <cerrno>

#include "base/result.h"

namespace whodid {

enum ExitCode {
    kOk = 0,            // also when stopped by a signal, or when nobody reads the output any more
    kRuntimeError = 1,  //
    kUsageError = 2,    // of the arguments; nothing was printed on standard output
    kUnmet = 3,         // this kernel or these rights do not allow it
    kIncomplete = 4,    // done, but for what standard error names (watch import, volume)
};

/// Prints "whodid: <message>" on standard error and tells the exit code that fits.
int fail(const Error& error);
/// The same for a mistake in the arguments.
int fail_usage(const Error& error);

}  // namespace whodid
