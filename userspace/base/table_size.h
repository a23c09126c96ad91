// SPDX-License-Identifier: Apache-2.0
// TableSize: how full a table is that must not grow without end.
#pragma once

#include <cstdint>
#include <string_view>

namespace whodid {

struct TableSize {
    std::string_view name;
    std::uint64_t entries = 0;
    std::uint64_t limit = 0;    // 0: none
    std::uint64_t evicted = 0;  // for lack of room: thrown out before their time, or not taken
};

}  // namespace whodid
