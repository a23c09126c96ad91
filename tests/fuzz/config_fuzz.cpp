// SPDX-License-Identifier: Apache-2.0
// Any configuration: errors that name a place, or settings whose own page says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/settings_page.h"
#include "app/settings_reader.h"

namespace {

whodid::Configuration read(std::string_view text) {
    whodid::SettingsReader reader;
    reader.read_yaml(text, "x");
    return reader.finish();
}

bool has_place(const std::string& line) {
    const std::size_t colon = line.find(':', 2);
    return line.starts_with("x:") && colon != line.npos && line.find(':', colon + 1) != line.npos &&
           line.find_first_not_of("0123456789", 2) == colon;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const whodid::Configuration first = read({reinterpret_cast<const char*>(data), size});
    for (const std::string& line : first.errors)
        if (!has_place(line)) abort();
    if (!first.errors.empty()) return 0;
    const whodid::Configuration again = read(whodid::effective_page(first));
    if (!again.errors.empty()) abort();
    for (const std::string& key : whodid::changed_keys(first.settings, again.settings))
        if (!key.ends_with(".headers") && !key.ends_with(".proxy")) abort();  // those are masked
    return 0;
}
