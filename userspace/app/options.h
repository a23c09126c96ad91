// SPDX-License-Identifier: Apache-2.0
// What people type: durations, sizes, names, and what a command that shows events can be told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/filter.h"
#include "sink/stream_sink.h"
#include "source/loader.h"

namespace whodid {

/// "30", "30s", "1.5s", "5m", "1h30m", "250ms", "2d" in nanoseconds; a plain number is seconds. Must be more
/// than zero.
Result<std::uint64_t> parse_duration(std::string_view text);

/// How often something is done: at least a second, as what comes back takes a tenth of one.
Result<std::uint64_t> parse_period(std::string_view text);

/// A whole number above zero.
Result<std::uint64_t> parse_count(std::string_view text);
Result<std::uint32_t> parse_pid(std::string_view text);

/// "4096", "64K", "16M", "1G" in bytes, powers of 1024.
Result<std::uint64_t> parse_size(std::string_view text);

/// A size that the kernel takes for a ring: a power of two, from a page (4096) to 1 GiB.
Result<std::uint32_t> parse_ring_size(std::string_view text);

/// Limits of `whodid run`; "none" is 0. "20/s": events of a second. "5MB/day": bytes, powers of 1000. "2%":
/// of a core.
Result<double> parse_max_events(std::string_view text);
Result<double> parse_max_bytes(std::string_view text);
Result<double> parse_max_cpu(std::string_view text);

/// How many sorts of acts are counted at once: a power of two from 4 to 32768.
Result<std::uint32_t> parse_fold_entries(std::string_view text);

/// Gives the rings that size. The vital ring, which the process table is kept from, has half of it, and at
/// least 1 MiB: without it nothing else makes sense.
void set_ring_size(LoadOptions& load, std::uint32_t bytes);

/// Keys or aliases of fields as their keys. An Error names the nearest field.
Result<std::vector<std::string>> resolve_fields(const std::vector<std::string>& names);

enum class ColorMode { kAuto, kAlways, kNever };

/// What of the environment decides on colour; null where a variable is not set.
struct ColorEnvironment {
    const char* no_color = nullptr;
    const char* clicolor_force = nullptr;
    const char* force_color = nullptr;
    const char* term = nullptr;

    static ColorEnvironment of_process();
};

/// --color, then NO_COLOR (no-color.org: set and not empty), then CLICOLOR_FORCE and FORCE_COLOR (not "0"),
/// then whether it is a terminal that is not "dumb".
bool wants_color(ColorMode mode, bool is_terminal, const ColorEnvironment& environment);

enum class LedgerFormat { kNone, kText, kJson };

/// Which events to show, and how: trace and replay have these in common.
struct ViewOptions {
    std::vector<std::string> kinds;
    bool everything = false;
    bool failed_only = false;
    std::optional<Profile> profile;
    std::vector<std::string> users, sessions, exes, paths;
    std::vector<std::string> filters;  // expressions
    std::vector<std::uint32_t> pids;
    std::uint32_t tree_pid = 0;  // 0: not asked for
    std::uint64_t count_max = 0;
    std::string person_map_path;           // who is who, by the administrator
    std::vector<std::string> watch_paths;  // watch files; "none": not the built-in list

    std::optional<Format> format;     // none: text on a terminal, JSON lines elsewhere
    std::vector<std::string> fields;  // keys or aliases
    std::string write_path;           // JSON lines to this file instead of standard output
    ColorMode color = ColorMode::kAuto;
    bool local_time = false;
    bool quiet = false;    // no footer, no remarks
    bool verbose = false;  // the ledger too
    LedgerFormat ledger = LedgerFormat::kNone;
};

/// The filter these options ask for.
FilterOptions filter_options(const ViewOptions& options);

}  // namespace whodid
