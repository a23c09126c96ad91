// SPDX-License-Identifier: Apache-2.0
// Paths as text: names given by a process, joined to the directory they start from.
#pragma once

#include <string_view>

#include "base/arena.h"

namespace whodid {

/// `name` from `base`, "." and ".." taken out as text: links are not followed, the file system is not asked.
/// For an absolute name the base is the process' root, which ".." does not leave; for a relative one its
/// working directory or an open one. Without a base a relative name stays relative. The text lies in the
/// arena.
std::string_view join_path(std::string_view base, std::string_view name, Arena& arena);

}  // namespace whodid
