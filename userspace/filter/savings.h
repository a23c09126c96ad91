// SPDX-License-Identifier: Apache-2.0
// Savings: which events of a stream may be left out, in what groups, and by which filter. docs/volume.md says
// why these and no others.
#pragma once

#include <string>
#include <string_view>

#include "event/event_line.h"

namespace whodid {

/// Events of one kind: below a place of the file system, or of a program. The other one is empty.
struct Cut {
    std::string kind, place, program;
};

/// In which cuts an event is: for its kind, that of its place and that of its program; either may be empty.
/// Places are named by constants.
struct CutsOf {
    std::string_view place, program;
    bool empty() const { return place.empty() && program.empty(); }
};
CutsOf cuts_of(const EventLine& event);

/// The expression for --filter that leaves out exactly what is in the cut.
std::string filter_of(const Cut& cut);

/// What is not told any more: "what programs read below /usr/lib".
std::string gives_up(const Cut& cut);

}  // namespace whodid
