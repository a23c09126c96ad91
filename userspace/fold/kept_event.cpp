// SPDX-License-Identifier: Apache-2.0
// Copies of events.
#include "fold/kept_event.h"

#include <cstring>

namespace whodid {

namespace {

std::size_t size_of(const Event& event) {
    return event.record->size + event.path.size() + event.target_path.size() + event.name.size();
}

/// Moves what the event points at to `at`, which has room for it.
void settle(Event& event, char* at) {
    const auto put = [&at](const void* from, std::size_t bytes) {
        std::memcpy(at, from, bytes);
        at += bytes;
        return at - bytes;
    };
    event.record = reinterpret_cast<const rec_hdr*>(put(event.record, event.record->size));
    for (std::string_view* text : {&event.path, &event.target_path, &event.name})
        if (!text->empty()) *text = {put(text->data(), text->size()), text->size()};
}

}  // namespace

void KeptEvent::keep(const Event& event) {
    const std::size_t bytes = size_of(event);
    if (room_ < bytes) {
        bytes_ = std::make_unique_for_overwrite<char[]>(bytes);
        room_ = bytes;
    }
    event_ = event;
    settle(event_, bytes_.get());
}

Event KeptEvent::recall(Arena& arena) const {
    Event event = event_;
    settle(event, arena.allocate(size_of(event)));
    return event;
}

}  // namespace whodid
