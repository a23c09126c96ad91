// SPDX-License-Identifier: Apache-2.0
// Lines that others print: which of them tell an act of a load.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace whodid::bench {

/// Lines from `from` on, which moves to the end.
inline std::uint64_t new_lines(const Fd& file, off_t& from) {
    std::uint64_t lines = 0;
    std::array<char, 65536> part{};
    for (ssize_t n = 0; (n = ::pread(file.get(), part.data(), part.size(), from)) > 0; from += n)
        lines += static_cast<std::uint64_t>(std::count(part.begin(), part.begin() + n, '\n'));
    return lines;
}

/// All of these are in a line that tells the act.
using Words = std::vector<std::string>;

inline bool has_all(std::string_view line, const Words& words) {
    return std::ranges::all_of(words, [&](const std::string& word) { return line.find(word) != line.npos; });
}

/// "pid={pid} " with {"{pid}", "7"} as "pid=7 ".
inline std::string fill(std::string text, std::span<const std::pair<std::string, std::string>> values) {
    for (const auto& [name, value] : values)
        for (std::size_t at = 0; (at = text.find(name, at)) != text.npos; at += value.size())
            text.replace(at, name.size(), value);
    return text;
}

/// Of `auditctl -s`.
struct AuditStatus {
    unsigned enabled = 0;  // 2: locked until the next boot
    std::uint64_t pid = 0, backlog_limit = 0, lost = 0;

    bool operator==(const AuditStatus&) const = default;
};

inline std::optional<AuditStatus> parse_audit_status(const std::string& said) {
    AuditStatus status;
    std::istringstream lines(said);
    int found = 0;
    for (std::string name, value; lines >> name >> value; std::getline(lines, value)) {
        std::istringstream number(value);
        if (name == "enabled" && number >> status.enabled) ++found;
        if (name == "pid" && number >> status.pid) ++found;
        if (name == "backlog_limit" && number >> status.backlog_limit) ++found;
        if (name == "lost" && number >> status.lost) ++found;
    }
    if (found != 4) return {};
    return status;
}

}  // namespace whodid::bench
