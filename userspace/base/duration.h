// SPDX-License-Identifier: Apache-2.0
// Durations as people write them.
#pragma once

#include <optional>
#include <string_view>

namespace whodid {

/// "30s", "1.5s", "5m", "1h30m", "250ms", "2d" in nanoseconds; a plain number is seconds. nullopt for
/// everything else.
std::optional<double> read_duration_ns(std::string_view text);

}  // namespace whodid
