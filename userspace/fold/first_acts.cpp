// SPDX-License-Identifier: Apache-2.0
// Keeping and recalling first acts.
#include "fold/first_acts.h"

namespace whodid {

void FirstActs::keep(const Event& event) {
    if (event.record->task.fold == 0 || event.closes_fold) return;
    const std::size_t entry = event.record->task.fold - 1u;
    if (entry >= acts_.size()) acts_.resize(entry + 1);
    if (!acts_[entry]) acts_[entry] = std::make_unique<KeptEvent>();
    acts_[entry]->keep(event);
}

std::optional<Event> FirstActs::recall(const rec_folded& folded, Batch& batch) const {
    const std::size_t entry = folded.h.task.fold - 1u;
    if (entry >= acts_.size() || !acts_[entry]) return {};
    const rec_hdr& first = *acts_[entry]->event().record;
    if (first.seq != folded.of_seq || first.cpu != folded.of_cpu || first.kind != folded.key.kind) return {};
    Event event = acts_[entry]->recall(batch.arena);
    if (event.record->kind == REC_NETWORK_CLOSE) {
        auto& r = const_cast<rec_net&>(event.as<rec_net>());  // the copy that was just made
        r.bytes_sent += folded.bytes_sent;
        r.bytes_received += folded.bytes_received;
    }
    return event;
}

}  // namespace whodid
