// SPDX-License-Identifier: Apache-2.0
// Losses: events that a sink took and could not keep, counted by kind until they are told.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "event/kinds.h"
#include "sink/sink.h"

namespace whodid {

class Losses {
public:
    void add(const Event& event, std::string_view why) {
        SinkLoss& loss = by_kind_[event.kind->id];
        loss.since_ns = loss.count == 0 ? event.wall_ns : std::min(loss.since_ns, event.wall_ns);
        loss.until_ns = std::max(loss.until_ns, event.wall_ns);
        loss.kind = event.kind->id;
        ++loss.count;
        loss.why = why;
        ++total_;
    }
    /// Since the last call, by kind number.
    std::vector<SinkLoss> take() {
        std::vector<SinkLoss> losses;
        for (auto& [kind, loss] : std::exchange(by_kind_, {})) losses.push_back(std::move(loss));
        return losses;
    }
    /// Ever.
    std::uint64_t total() const { return total_; }

private:
    std::map<std::uint16_t, SinkLoss> by_kind_;
    std::uint64_t total_ = 0;
};

}  // namespace whodid
