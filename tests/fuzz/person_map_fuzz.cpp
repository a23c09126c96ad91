// SPDX-License-Identifier: Apache-2.0
// Any map: an error that names a line, or names that are found no longer than the map.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/person_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto map = whodid::PersonMap::parse(text);
    if (!map) {
        if (!map.error().message.starts_with("line ")) abort();
        return 0;
    }
    if (map->find(text.substr(0, text.find(' ')), "root", "::1").id.size() > size) abort();
    return 0;
}
