// SPDX-License-Identifier: Apache-2.0
// IdMap: which of the host's uids or gids a user namespace's stand for, as /proc/PID/uid_map tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace whodid {

class IdMap {
public:
    /// user_namespaces(7): lines of three numbers, first id inside, first id outside, how many; at most 340.
    /// Lines that are malformed are left out.
    explicit IdMap(std::string_view text);

    /// Nothing where the id stands for none of the host's.
    std::optional<std::uint32_t> to_host(std::uint32_t inside) const;

private:
    struct Range {
        std::uint32_t inside, host, count;
    };
    std::vector<Range> ranges_;
};

}  // namespace whodid
