// SPDX-License-Identifier: Apache-2.0
// Which event files have had their time.
#pragma once

#include <cstdint>
#include <vector>

#include "sink/event_file_name.h"

namespace whodid {

struct StoredFile {
    EventFileName name;
    std::uint64_t bytes = 0;      // with its seal
    std::uint64_t newest_ns = 0;  // when it was last written to, wall clock
    bool is_active = false;       // still written to: counts, but stays
    bool is_held = false;         // by legal hold: counts, but stays
};

/// 0: no limit.
struct KeepLimits {
    std::uint64_t vital_ns = 0, other_ns = 0, bytes = 0;
};

struct RetentionPlan {
    std::vector<EventFileName> remove, held;  // held: would have gone
    std::uint64_t bytes_over = 0;             // what remains is so much more than may be
};

/// By age first; then, of what remains, the oldest until the rest fits, `events` before `vital`.
RetentionPlan plan_retention(std::vector<StoredFile> files, const KeepLimits& limits, std::uint64_t now_ns);

}  // namespace whodid
