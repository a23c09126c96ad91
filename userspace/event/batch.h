// SPDX-License-Identifier: Apache-2.0
// Batch: events that travel together, with the memory their records lie in.
#pragma once

#include <vector>

#include "base/arena.h"
#include "event/event.h"

namespace whodid {

struct Batch {
    Arena arena;
    std::vector<Event> events;

    void reset() {
        events.clear();
        arena.reset();
    }
};

}  // namespace whodid
