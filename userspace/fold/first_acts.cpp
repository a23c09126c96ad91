// SPDX-License-Identifier: Apache-2.0
// Keeping and recalling first acts.
#include "fold/first_acts.h"

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

void FirstActs::keep(const Event& event) {
    if (event.record->task.fold == 0 || event.closes_fold) return;
    const std::size_t entry = event.record->task.fold - 1u, bytes = size_of(event);
    if (entry >= acts_.size()) acts_.resize(entry + 1);
    if (!acts_[entry]) acts_[entry] = std::make_unique<Act>();
    Act& act = *acts_[entry];
    if (act.room < bytes) {
        act.bytes = std::make_unique_for_overwrite<char[]>(bytes);
        act.room = bytes;
    }
    act.event = event;
    settle(act.event, act.bytes.get());
}

std::optional<Event> FirstActs::recall(const rec_folded& folded, Batch& batch) const {
    const std::size_t entry = folded.h.task.fold - 1u;
    if (entry >= acts_.size() || !acts_[entry]) return {};
    Event event = acts_[entry]->event;
    if (event.record->seq != folded.of_seq || event.record->cpu != folded.of_cpu ||
        event.record->kind != folded.key.kind)
        return {};
    settle(event, batch.arena.allocate(size_of(event)));
    if (event.record->kind == REC_NETWORK_CLOSE) {
        auto& r = const_cast<rec_net&>(event.as<rec_net>());  // the copy that was just made
        r.bytes_sent += folded.bytes_sent;
        r.bytes_received += folded.bytes_received;
    }
    return event;
}

}  // namespace whodid
