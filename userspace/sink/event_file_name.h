// SPDX-License-Identifier: Apache-2.0
// EventFileName: "events-20261130T152100Z-000012" and what lies by that name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace whodid {

constexpr std::string_view kPlainEnding = ".jsonl", kPackedEnding = ".jsonl.zst", kSealEnding = ".seal",
                           kHoldEnding = ".hold";
constexpr std::string_view kJournalName = "erasures.journal";
constexpr std::string_view kHoldName = "HOLD";  // in a directory: nothing of it is deleted
constexpr std::string_view kVitalSeries = "vital", kOtherSeries = "events";

struct EventFileName {
    std::string series;          // 1 to 15 of a-z
    std::string begun;           // "20261130T152100Z"
    std::uint64_t sequence = 0;  // from 1

    std::string stem() const;
    std::uint64_t begun_ns() const;  // wall clock
    bool operator<(const EventFileName& other) const {
        return std::tie(series, sequence, begun) < std::tie(other.series, other.sequence, other.begun);
    }
    bool operator==(const EventFileName&) const = default;
};

/// Of a file's name without its directory; `ending` is what stands behind the stem. nullopt: it is none.
struct EventFilePart {
    EventFileName name;
    std::string ending;
};
std::optional<EventFilePart> parse_event_file_name(std::string_view file);

EventFileName event_file_name(std::string_view series, std::uint64_t begun_ns, std::uint64_t sequence);

}  // namespace whodid
