// SPDX-License-Identifier: Apache-2.0
// Any text: never the number that means "no id".
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/id_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const whodid::IdMap map({reinterpret_cast<const char*>(data), size});
    for (const std::uint32_t id : {0u, 1u, 1000u, 65534u, 4294967294u, 4294967295u})
        if (map.to_host(id) == UINT32_MAX) abort();
    return 0;
}
