// SPDX-License-Identifier: Apache-2.0
// Paths as text: names given by a process, joined to the directory they start from.
#pragma once

#include <string>
#include <string_view>

namespace whodid {

/// `name` from `base`, "." and ".." taken out as text: links are not followed, the file system is not asked.
/// An absolute name ignores the base. Without a base a relative name stays relative.
std::string join_path(std::string_view base, std::string_view name);

}  // namespace whodid
