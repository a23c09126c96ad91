// SPDX-License-Identifier: Apache-2.0
// Parser of uid_map and gid_map.
#include "enrich/id_map.h"

#include <cstddef>

#include "enrich/scan.h"

namespace whodid {
namespace {

constexpr std::size_t kRangesMax = 340;  // UID_GID_MAP_MAX_EXTENTS, include/linux/user_namespace.h

std::optional<std::uint32_t> take_number(std::string_view& line) {
    while (consume(line, " ")) {
    }
    return parse_decimal<std::uint32_t>(take_until(line, ' '));
}

}  // namespace

IdMap::IdMap(std::string_view text) {
    while (!text.empty() && ranges_.size() < kRangesMax) {
        std::string_view line = take_until(text, '\n');
        const auto inside = take_number(line), host = take_number(line), count = take_number(line);
        if (inside && host && count) ranges_.push_back({*inside, *host, *count});
    }
}

std::optional<std::uint32_t> IdMap::to_host(std::uint32_t inside) const {
    for (const Range& range : ranges_) {
        if (inside < range.inside || inside - range.inside >= range.count) continue;
        const std::uint64_t host = std::uint64_t{range.host} + (inside - range.inside);
        if (host < UINT32_MAX) return static_cast<std::uint32_t>(host);
    }
    return std::nullopt;
}

}  // namespace whodid
