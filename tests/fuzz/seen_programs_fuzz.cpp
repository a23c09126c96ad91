// SPDX-License-Identifier: Apache-2.0
// Any text: an error, or programs that are written as they were read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/seen_programs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto programs = whodid::parse_seen({reinterpret_cast<const char*>(data), size});
    if (!programs) return 0;
    const auto again = whodid::parse_seen(whodid::format_seen({programs->begin(), programs->end()}));
    if (!again || *again != *programs) abort();
    return 0;
}
