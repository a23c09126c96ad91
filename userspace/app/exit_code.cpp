// SPDX-License-Identifier: Apache-2.0
// Errors to standard error.
#include "app/exit_code.h"

#include <fmt/format.h>

#include <cstdio>

namespace whodid {

int fail(const Error& error) {
    if (error.code == EPIPE) return kOk;  // `| head` has seen enough
    fmt::print(stderr, "whodid: {}\n", error.message);
    return error.code == EPERM || error.code == EOPNOTSUPP ? kUnmet : kRuntimeError;
}

int fail_usage(const Error& error) {
    fmt::print(stderr, "whodid: {}\n", error.message);
    return kUsageError;
}

}  // namespace whodid
