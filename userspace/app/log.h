// SPDX-License-Identifier: Apache-2.0
// The operator's log: standard error, one line each. Events never go there.
#pragma once

namespace whodid {

/// Warnings and worse; with `verbose` everything.
void start_log(bool verbose);

}  // namespace whodid
