// SPDX-License-Identifier: Apache-2.0
// KeptEvent: an event that outlives its batch.
#pragma once

#include <cstddef>
#include <memory>

#include "base/arena.h"
#include "event/event.h"

namespace whodid {

class KeptEvent {
public:
    void keep(const Event& event);
    /// Its record and texts are this object's.
    const Event& event() const { return event_; }
    /// A copy that lies in the arena.
    Event recall(Arena& arena) const;

private:
    Event event_;
    std::unique_ptr<char[]> bytes_;  // the record, and behind it the texts that enrichment has found
    std::size_t room_ = 0;
};

}  // namespace whodid
