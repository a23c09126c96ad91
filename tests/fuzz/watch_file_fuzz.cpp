// SPDX-License-Identifier: Apache-2.0
// Any watch file: an error that names a line and a column, or entries that read as themselves again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "filter/watch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto list = whodid::parse_watch_file(text, "x");
    if (!list) {
        const std::string& message = list.error().message;
        if (!message.starts_with("x:") || message.find('\n') != message.npos) abort();
        return 0;
    }
    std::string written;
    for (const whodid::WatchEntry& entry : list->entries()) {
        written += whodid::watch_line(entry) + '\n';
        const bool is_plain = entry.path.find_first_of("*?[\\") == entry.path.npos;
        if (is_plain && !list->match(entry.path, entry.accesses)) abort();
        if (is_plain && entry.is_tree && !list->match(entry.path + "/x/y", entry.accesses)) abort();
    }
    const auto again = whodid::parse_watch_file(written, "x");
    if (!again || !std::ranges::equal(again->entries(), list->entries())) abort();
    (void)list->match(text, whodid::kWatchEverything);
    return 0;
}
