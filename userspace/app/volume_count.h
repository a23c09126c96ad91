// SPDX-License-Identifier: Apache-2.0
// VolumeCount: what an event file is full of, and what filters would save of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path_group.h"
#include "base/tally.h"
#include "event/event_line.h"
#include "filter/savings.h"

namespace whodid {

class VolumeCount {
public:
    static constexpr std::string_view kNone = "-";  // the event has no such thing

    struct Table {
        std::string_view name;
        Tally tally;
    };
    struct Proposal {
        Cut cut;
        Volume volume;  // by itself
    };
    struct Proposals {
        std::vector<Proposal> list;  // each the one that saves most beside those before it
        Volume together;             // what is in several counts once
        Volume unknown;              // groups there was no room for
    };

    explicit VolumeCount(std::size_t groups_max = Tally::kGroupsMax);

    void add(const EventLine& event, std::uint64_t bytes);
    /// The span reaches to there, though what happened then is not counted.
    void span_to(std::uint64_t time_ns);

    const Volume& total() const { return total_; }
    const std::array<Table, 5>& tables() const { return tables_; }
    bool has_span() const { return first_ns_ <= last_ns_; }
    std::uint64_t first_ns() const { return first_ns_; }
    std::uint64_t last_ns() const { return last_ns_; }

    /// What these bytes come to in a time as long as this, at the pace of the events' span; nullopt: the span
    /// has no length.
    std::optional<double> bytes_in(std::uint64_t bytes, double seconds) const;

    /// At most `top`, each of which saves at least a hundredth of all bytes beside those before it.
    Proposals propose(std::size_t top) const;

private:
    Volume total_;
    std::uint64_t first_ns_ = ~std::uint64_t{0}, last_ns_ = 0;
    std::array<Table, 5> tables_;
    Tally cuts_;  // by kind, place and program, with NUL between
};

}  // namespace whodid
