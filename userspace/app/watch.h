// SPDX-License-Identifier: Apache-2.0
// What is watched: the lists that --watch names, and whodid watch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/watch_list.h"

namespace whodid {

/// In place of a watch file: leaves the built-in list out.
constexpr std::string_view kNoBuiltInWatches = "none";

/// The built-in list, and what the named watch files add. An Error with EINVAL tells the line that makes no
/// sense.
Result<WatchList> read_watch_list(const std::vector<std::string>& names);

/// whodid watch list: what is watched on this machine, as a watch file. Tells the exit code.
int watch_list(const std::vector<std::string>& names);

/// whodid watch import: auditd's rules files as a watch file on standard output, and what a watch list does
/// not say of them on standard error. The exit code is kIncomplete when something that was watched is not.
int watch_import(const std::vector<std::string>& paths);

}  // namespace whodid
