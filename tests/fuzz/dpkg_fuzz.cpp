// SPDX-License-Identifier: Apache-2.0
// Any text: no more diversions than it has lines for, which read back the same; versions that it holds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/dpkg.h"

namespace {

void check_diversions(std::string_view text, std::size_t lines) {
    const auto diversions = whodid::parse_diversions(text);
    if (diversions.size() * 3 > lines) abort();
    std::string again;
    for (const whodid::Diversion& d : diversions)
        again += d.from + "\n" + d.to + "\n" + (d.package.empty() ? ":" : d.package) + "\n";
    if (whodid::parse_diversions(again) != diversions) abort();
}

void check_status(std::string_view text) {
    for (const auto& [package, version] : whodid::parse_dpkg_status(text)) {
        if (package.empty() || version.empty() || version.find('\n') != version.npos) abort();
        if (text.find(version) == text.npos) abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_diversions(text, static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
    check_status(text);
    return 0;
}
