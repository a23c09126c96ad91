// SPDX-License-Identifier: Apache-2.0
// EventLine: of an event that was written as a JSON line, nested or flat, what tells where it belongs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whodid {

constexpr std::size_t kEventLineBytesMax = 1 << 20;

/// Text that the event does not have is empty.
struct EventLine {
    std::uint64_t time_ns = 0;  // wall clock
    std::string kind;           // without "whodid."
    std::string outcome, error;
    std::string exe, exit_signal;
    std::string path, access;
    std::string user_name, user_id, user_basis;
    std::string container_id, image;
    bool is_tagged = false, is_user_supplied = false;
};

/// The Error says in what way it is no event: it is cut short, is not JSON from a byte on, or has no name or
/// time of whodid's.
Result<EventLine> read_event_line(std::string_view line);

}  // namespace whodid
