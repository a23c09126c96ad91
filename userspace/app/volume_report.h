// SPDX-License-Identifier: Apache-2.0
// What whodid volume prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "app/volume_count.h"

namespace whodid {

/// Lines that are no events.
struct BadLines {
    Volume volume;      // events: lines
    std::string first;  // "FILE:LINE: why"; empty: there are none
};

struct VolumeReport {
    VolumeCount count;
    BadLines bad;
    double price_per_gb = 0;  // of 1,000,000,000 bytes; 0: not asked for
    std::size_t top = 10;     // groups of a table, and filters
};

std::string volume_text(const VolumeReport& report);

/// The same as one line of JSON (docs/volume.md).
std::string volume_json(const VolumeReport& report);

/// "file:line: why" of the first bad line and how many there are, for standard error; empty: there are none.
std::string bad_lines_text(const BadLines& bad);

}  // namespace whodid
