// SPDX-License-Identifier: Apache-2.0
// Counts an event file.
#include "app/volume_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

namespace whodid {

namespace {

std::string_view or_none(std::string_view text) { return text.empty() ? VolumeCount::kNone : text; }

/// As docker writes it.
constexpr std::size_t kShortId = 12;

std::string container_of(const EventLine& event) {
    if (!event.image.empty()) return event.image;
    return event.container_id.empty() ? "host" : event.container_id.substr(0, kShortId);
}

std::string user_of(const EventLine& event) {
    if (!event.user_name.empty()) return event.user_name;
    return event.user_id.empty() ? std::string(VolumeCount::kNone) : "uid " + event.user_id;
}

/// The name of a group of cuts_, and the two cuts that its events are in.
std::string joined(std::string_view kind, const CutsOf& cuts) {
    std::string name(kind);
    return name.append(1, '\0').append(cuts.place).append(1, '\0').append(cuts.program);
}
std::pair<Cut, Cut> parted(std::string_view name) {
    const std::size_t first = name.find('\0'), second = name.find('\0', first + 1);
    const std::string kind(name.substr(0, first));
    return {{kind, std::string(name.substr(first + 1, second - first - 1)), {}},
            {kind, {}, std::string(name.substr(second + 1))}};
}
bool is_empty(const Cut& cut) { return cut.place.empty() && cut.program.empty(); }

/// Cuts and the groups of events they are made of: each group is in one or two cuts.
class Chooser {
public:
    explicit Chooser(const std::vector<Tally::Group>& groups) {
        for (const Tally::Group& group : groups) {
            const auto [place, program] = parted(group.name);
            groups_.push_back({group.volume, index_of(place), index_of(program)});
            for (const std::size_t cut : {groups_.back().place, groups_.back().program}) {
                if (cut == kNo) continue;
                choices_[cut].alone.add(group.volume);
                choices_[cut].beside += group.volume.bytes;
            }
        }
    }

    struct Choice {
        Cut cut;
        Volume alone;
        std::uint64_t beside = 0;  // bytes that none chosen before leaves out
    };

    /// The cut that saves most beside those taken before; null when none saves as much as that.
    const Choice* take(std::uint64_t bytes_least, Volume& together) {
        const auto best = std::ranges::max_element(choices_, {}, &Choice::beside);
        if (best == choices_.end() || best->beside == 0 || best->beside < bytes_least) return nullptr;
        const auto taken = static_cast<std::size_t>(best - choices_.begin());
        for (Group& group : groups_) {
            if (group.place != taken && group.program != taken) continue;
            together.add(group.volume);
            for (const std::size_t cut : {group.place, group.program})
                if (cut != kNo) choices_[cut].beside -= group.volume.bytes;
            group = {};
        }
        return &*best;
    }

private:
    static constexpr std::size_t kNo = static_cast<std::size_t>(-1);
    struct Group {
        Volume volume;
        std::size_t place = kNo, program = kNo;  // of choices_
    };

    std::size_t index_of(const Cut& cut) {
        if (is_empty(cut)) return kNo;
        const auto [found, is_new] =
            indices_.try_emplace({cut.kind, cut.place, cut.program}, choices_.size());
        if (is_new) choices_.push_back({cut, {}, 0});
        return found->second;
    }

    std::vector<Group> groups_;
    std::vector<Choice> choices_;
    std::map<std::tuple<std::string, std::string, std::string>, std::size_t> indices_;
};

}  // namespace

VolumeCount::VolumeCount(std::size_t groups_max)
    : tables_{Table{"kind", Tally(groups_max)},
              {"program", Tally(groups_max)},
              {"path", Tally(groups_max)},
              {"container", Tally(groups_max)},
              {"user", Tally(groups_max)}},
      cuts_(groups_max) {}

void VolumeCount::add(const EventLine& event, std::uint64_t bytes) {
    total_.add({1, bytes});
    span_to(event.time_ns);
    auto& [kind, program, path, container, user] = tables_;
    kind.tally.add(event.kind, bytes);
    program.tally.add(or_none(event.exe), bytes);
    path.tally.add(path_group(event.path), bytes);
    container.tally.add(container_of(event), bytes);
    user.tally.add(user_of(event), bytes);
    if (const CutsOf cuts = cuts_of(event); !cuts.empty()) cuts_.add(joined(event.kind, cuts), bytes);
}

void VolumeCount::span_to(std::uint64_t time_ns) {
    first_ns_ = std::min(first_ns_, time_ns);
    last_ns_ = std::max(last_ns_, time_ns);
}

std::optional<double> VolumeCount::bytes_in(std::uint64_t bytes, double seconds) const {
    if (last_ns_ <= first_ns_) return std::nullopt;
    return static_cast<double>(bytes) * seconds / (static_cast<double>(last_ns_ - first_ns_) / 1e9);
}

VolumeCount::Proposals VolumeCount::propose(std::size_t top) const {
    constexpr std::uint64_t kLeastPart = 100;
    Proposals proposals;
    proposals.unknown = cuts_.rest();
    Chooser chooser(cuts_.groups());
    while (proposals.list.size() < top) {
        const auto* choice = chooser.take((total_.bytes + kLeastPart - 1) / kLeastPart, proposals.together);
        if (!choice) break;
        proposals.list.push_back({choice->cut, choice->alone});
    }
    return proposals;
}

}  // namespace whodid
