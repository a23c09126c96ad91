// SPDX-License-Identifier: Apache-2.0
// whodid volume: what fills an event file, what filters would save, and what of a recording a profile keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/volume_report.h"
#include "base/result.h"

namespace whodid {

struct VolumeOptions {
    std::vector<std::string> paths;  // "-", or none at all: standard input
    std::uint64_t since_ns = 0;      // before the newest event; 0: all
    std::optional<Profile> profile = {};
    double price_per_gb = 0;
    std::uint64_t top = 10;
    bool json = false;
};

/// "0.30/GB", "0.30": above zero.
Result<double> parse_price(std::string_view text);

/// Counts the files' events. Lines that are none and damage are in `bad`; the Error names a file that cannot
/// be read, or is no file of events. EINVAL: `since_ns` and a file that cannot be read twice; `profile` and
/// one that is no recording.
Result<VolumeReport> measure_volume(const VolumeOptions& options);

/// Prints the report. The exit code is kIncomplete when something was left out.
int volume(const VolumeOptions& options);

}  // namespace whodid
