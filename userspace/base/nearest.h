// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known name closest to what was typed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace whodid {

/// The candidate with the least edit distance (Levenshtein), if that is at most half of `name`'s length;
/// empty when none is so near. The first of equals.
std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates);

/// ", did you mean 'trace'?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace whodid
