// SPDX-License-Identifier: Apache-2.0
// FirstActs: the first act of each sort that the kernel side counts, kept until it tells how many came after:
// that event says all that the first one said.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "event/batch.h"
#include "fold/kept_event.h"

namespace whodid {

class FirstActs {
public:
    /// Keeps it if more of its sort may follow.
    void keep(const Event& event);

    /// What the first of these acts was, as an event that stands for all of them; it lies in the batch's
    /// arena. Empty when it is not known (it was told by another process, or before a recording began).
    std::optional<Event> recall(const rec_folded& folded, Batch& batch) const;

private:
    std::vector<std::unique_ptr<KeptEvent>> acts_;  // by entry
};

}  // namespace whodid
