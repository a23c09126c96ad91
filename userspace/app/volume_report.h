// SPDX-License-Identifier: Apache-2.0
// What whodid volume prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/volume_count.h"
#include "filter/profile.h"

namespace whodid {

/// What was left out, for it cannot be read.
struct LeftOut {
    Volume lines;                         // that are no events
    std::string first;                    // "FILE:LINE: why"; empty: there are none
    std::vector<std::string> recordings;  // what is wrong with each, and what was left out
    bool empty() const { return lines.events == 0 && recordings.empty(); }
};

/// A profile, and what there is without it.
struct Compared {
    Profile profile;
    Volume whole;
};

struct VolumeReport {
    VolumeCount count;  // of what the profile keeps, over the span of the whole
    LeftOut bad;
    double price_per_gb = 0;  // of 1,000,000,000 bytes; 0: not asked for
    std::size_t top = 10;     // groups of a table, and filters
    std::optional<Compared> compared = {};
};

std::string volume_text(const VolumeReport& report);

/// The same as one line of JSON (docs/volume.md).
std::string volume_json(const VolumeReport& report);

/// How many lines are bad, the first one's "file:line: why", and what is wrong with recordings, for standard
/// error; empty: nothing was left out.
std::string left_out_text(const LeftOut& bad);

}  // namespace whodid
