// SPDX-License-Identifier: Apache-2.0
// Tally: events and bytes by name, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace whodid {

struct Volume {
    std::uint64_t events = 0, bytes = 0;

    void add(const Volume& more) {
        events += more.events;
        bytes += more.bytes;
    }
    bool operator==(const Volume&) const = default;
};

class Tally {
public:
    static constexpr std::size_t kGroupsMax = 100'000;
    static constexpr std::size_t kNameBytesMax = 16 << 20;  // of all names together

    struct Group {
        std::string_view name;  // borrowed from the tally
        Volume volume;
    };

    explicit Tally(std::size_t groups_max = kGroupsMax) : groups_max_(groups_max) {}

    /// A name for which there is no room any more is counted under `rest()`.
    void add(std::string_view name, std::uint64_t bytes);

    /// By bytes, the largest first; then by name.
    std::vector<Group> groups() const;
    const Volume& rest() const { return rest_; }

private:
    std::size_t groups_max_, name_bytes_ = 0;
    std::map<std::string, Volume, std::less<>> groups_;
    Volume rest_;
};

}  // namespace whodid
