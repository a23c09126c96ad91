// SPDX-License-Identifier: Apache-2.0
// Boot clock to wall clock; times and numbers as text.
#pragma once

#include <cstdint>
#include <string>

namespace whodid {

std::uint64_t boot_now_ns();
std::uint64_t wall_now_ns();
/// Stands still while the machine is suspended.
std::uint64_t monotonic_now_ns();
/// What this process, all its threads together, has used of CPUs.
std::uint64_t cpu_used_ns();

/// The difference between both clocks, taken at one moment. Steps of the wall clock need a new one.
struct ClockAnchor {
    std::uint64_t boot_ns = 0, wall_ns = 0;

    static ClockAnchor now();
    std::uint64_t wall(std::uint64_t at_boot_ns) const { return wall_ns + (at_boot_ns - boot_ns); }
};

/// "2026-11-24T14:02:31.118204411Z" (RFC 3339, UTC, nine digits): exactly 30 characters.
constexpr std::size_t kRfc3339Length = 30;
void format_rfc3339(std::uint64_t wall_ns, char* out);

/// "14:02:31.118"; in local time when asked.
std::string format_clock(std::uint64_t wall_ns, bool local = false);

/// "84ms", "41s", "2m03s", "1h02m", "3d04h".
std::string format_duration(std::uint64_t ns);

/// "980", "1.2K", "48K", "3.4M".
std::string format_bytes(std::uint64_t bytes);

/// "12,345".
std::string with_commas(std::uint64_t number);

}  // namespace whodid
