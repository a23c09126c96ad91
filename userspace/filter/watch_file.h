// SPDX-License-Identifier: Apache-2.0
// Watch files: a list as text, one entry a line. docs/watch.md tells the format.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "filter/watch_list.h"

namespace whodid {

/// The Error (EINVAL) is of the first line that makes no sense: "<file>:<line>:<column>: what is wrong; what
/// to do". Columns are bytes, from 1.
Result<WatchList> parse_watch_file(std::string_view text, std::string_view file);

/// The list that is in force when nobody says otherwise, as a watch file.
std::string_view built_in_watch_file();
WatchList built_in_watch_list();

/// The entry as a line of a watch file, without its end; what a link leads to has a comment.
std::string watch_line(const WatchEntry& entry);

/// Any of r, w, x and a, each at most once; nullopt: something else.
std::optional<WatchAccesses> parse_accesses(std::string_view text);
std::string accesses_text(WatchAccesses accesses);

/// The name of an entry that has none of its own.
constexpr std::string_view kWatchTag = "watch";

}  // namespace whodid
