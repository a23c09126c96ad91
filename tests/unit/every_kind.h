// SPDX-License-Identifier: Apache-2.0
// Each kind of the table with all its numbers 0, and the samples.
#pragma once

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "unit/sample_events.h"

namespace whodid::test {

class EveryKind : public SampleEvents {
public:
    EveryKind() {
        for (const Kind& kind : kinds()) {
            std::string& bytes = records_.emplace_back(kind.layout.size, '\0');
            auto* record = reinterpret_cast<rec_hdr*>(bytes.data());
            record->kind = kind.id;
            record->boot_ns = kBootNs;
            Event event;
            event.record = record;
            event.kind = &kind;
            event.stream = &stream;
            event.process = alice(0);
            event.wall_ns = kWallNs;
            event.seq = 1;
            events.push_back(std::move(event));
        }
        for (const auto& [name, event] : all()) events.push_back(event);
    }

    std::vector<Event> events;

private:
    std::list<std::string> records_;
};

}  // namespace whodid::test
