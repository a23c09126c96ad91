// SPDX-License-Identifier: Apache-2.0
// Any text: one entry or one skip for each line, and entries that read back the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/passwd.h"

namespace {

void check_passwd(std::string_view text, std::size_t lines) {
    const auto file = whodid::parse_passwd(text);
    if (file.entries.size() + file.skipped > lines) abort();
    for (const whodid::PasswdEntry& e : file.entries) {
        const auto again =
            whodid::parse_passwd(e.name + ":x:" + std::to_string(e.uid) + ":" + std::to_string(e.gid) + ":" +
                                 e.gecos + ":" + e.home + ":" + e.shell);
        if (again.entries.size() != 1 || again.entries[0].name != e.name || again.entries[0].uid != e.uid ||
            again.entries[0].gid != e.gid || again.entries[0].shell != e.shell) {
            abort();
        }
    }
}

void check_group(std::string_view text, std::size_t lines) {
    const auto file = whodid::parse_group(text);
    if (file.entries.size() + file.skipped > lines) abort();
    std::size_t total = 0;
    for (const whodid::GroupEntry& e : file.entries) {
        total += e.name.size();
        for (const std::string& member : e.members) total += member.size();
    }
    if (total > text.size()) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    check_passwd(text, lines);
    check_group(text, lines);
    return 0;
}
