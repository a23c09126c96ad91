// SPDX-License-Identifier: Apache-2.0
// Exit codes, the same for every command.
#pragma once

#include <cerrno>

#include "base/result.h"

namespace whodid {

enum ExitCode {
    kOk = 0,             // also when stopped by a signal, or when nobody reads the output any more
    kRuntimeError = 1,   //
    kUsageError = 2,     // of the arguments; nothing was printed on standard output
    kUnmet = 3,          // this kernel or these rights do not allow it
    kIncomplete = 4,     // done, but for what it names (watch import, volume, status)
    kConfigInvalid = 4,  // nothing was done: the configuration is wrong (config, run)
};

/// Prints "whodid: <message>" on standard error and tells the exit code that fits.
int fail(const Error& error);
/// The same for a mistake in the arguments.
int fail_usage(const Error& error);
/// The same for what is wrong with a configuration: lines that begin with a place.
int fail_config(const Error& error);

}  // namespace whodid
