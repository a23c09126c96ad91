// SPDX-License-Identifier: Apache-2.0
// Counting by name.
#include "base/tally.h"

#include <algorithm>
#include <tuple>

namespace whodid {

void Tally::add(std::string_view name, std::uint64_t bytes) {
    const Volume one{1, bytes};
    if (const auto known = groups_.find(name); known != groups_.end()) return known->second.add(one);
    if (groups_.size() == groups_max_ || name_bytes_ + name.size() > kNameBytesMax) return rest_.add(one);
    name_bytes_ += name.size();
    groups_.emplace(name, one);
}

std::vector<Tally::Group> Tally::groups() const {
    std::vector<Group> all;
    all.reserve(groups_.size());
    for (const auto& [name, volume] : groups_) all.push_back({name, volume});
    std::ranges::sort(all, [](const Group& a, const Group& b) {
        return std::tie(b.volume.bytes, a.name) < std::tie(a.volume.bytes, b.name);
    });
    return all;
}

}  // namespace whodid
