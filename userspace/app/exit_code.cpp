// SPDX-License-Identifier: Apache-2.0
// Errors to standard error.
#include "app/exit_code.h"

#include <fmt/format.h>

#include "app/say.h"

namespace whodid {

int fail(const Error& error) {
    if (error.code == EPIPE) return kOk;  // `| head` has seen enough
    say(fmt::format("whodid: {}\n", error.message));
    return error.code == EPERM || error.code == EOPNOTSUPP ? kUnmet : kRuntimeError;
}

int fail_usage(const Error& error) {
    say(fmt::format("whodid: {}\n", error.message));
    return kUsageError;
}

int fail_config(const Error& error) {
    say(fmt::format("whodid: the configuration is wrong:\n{}\n", error.message));
    return kConfigInvalid;
}

}  // namespace whodid
