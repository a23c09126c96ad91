// SPDX-License-Identifier: Apache-2.0
// AuthFailures: attempts to log in that failed, at the door: by account and where they came from. The first
// is told at once, how many came in the minute after it by one more event.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/table_size.h"
#include "event/event.h"
#include "fold/kept_event.h"

namespace whodid {

class AuthFailures {
public:
    /// Whether the event is counted with the first of its sort, and so not told by itself.
    bool take(const Event& event);

    /// Calls tell(event) for each sort whose minute is over at this time, for all at ~0: the first one's
    /// event, which now stands for all of them. It lies in the arena.
    void tick(std::uint64_t boot_ns, Arena& arena, const std::function<void(Event)>& tell);

    TableSize table_size() const { return {"login_failures", sorts_.size(), kSortsMax, evicted_}; }

private:
    struct Sort {
        KeptEvent first;
        std::uint64_t since_ns = 0, last_wall_ns = 0;
        std::uint64_t more = 0;  // beside the first
    };
    static constexpr std::size_t kSortsMax = 4096;  // where there are more, all of it is told
    std::unordered_map<std::uint64_t, Sort> sorts_;
    std::uint64_t evicted_ = 0;
    std::uint64_t due_ns_ = 0;  // no sort's minute is over before
};

}  // namespace whodid
