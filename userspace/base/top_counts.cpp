// SPDX-License-Identifier: Apache-2.0
// Space saving, on a heap whose first has the least count.
#include "base/top_counts.h"

#include <algorithm>
#include <utility>

namespace whodid {

void TopCounts::swap(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    heap_[a]->second.at = a;
    heap_[b]->second.at = b;
}

void TopCounts::rise(std::size_t at) {
    for (std::size_t above = 0; at > 0; at = above) {
        above = (at - 1) / 2;
        if (heap_[above]->second.count <= heap_[at]->second.count) return;
        swap(at, above);
    }
}

void TopCounts::fall(std::size_t at) {
    while (true) {
        std::size_t least = at;
        for (const std::size_t below : {2 * at + 1, 2 * at + 2})
            if (below < heap_.size() && heap_[below]->second.count < heap_[least]->second.count)
                least = below;
        if (least == at) return;
        swap(at, least);
        at = least;
    }
}

void TopCounts::add(std::string_view name, std::uint64_t count) {
    name = name.substr(0, kNameBytesMax);
    total_ += count;
    if (const auto known = names_.find(name); known != names_.end()) {
        known->second.count += count;
        fall(known->second.at);
        return;
    }
    if (heap_.size() < places_) {
        const auto added = names_.emplace(name, Place{heap_.size(), count, 0}).first;
        heap_.push_back(&*added);
        rise(heap_.size() - 1);
        return;
    }
    const std::uint64_t least = heap_[0]->second.count;
    auto node = names_.extract(names_.find(heap_[0]->first));
    node.key().assign(name);
    node.mapped() = {0, least + count, least};
    heap_[0] = &*names_.insert(std::move(node)).position;
    fall(0);
}

std::vector<TopCounts::Entry> TopCounts::top(std::size_t most) const {
    std::vector<Entry> all;
    all.reserve(names_.size());
    for (const auto& [name, place] : names_) all.push_back({name, place.count, place.error});
    const auto more = [](const Entry& a, const Entry& b) {
        return a.count != b.count ? a.count > b.count : a.name < b.name;
    };
    std::ranges::sort(all, more);
    if (all.size() > most) all.resize(most);
    return all;
}

}  // namespace whodid
