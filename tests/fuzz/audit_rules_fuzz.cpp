// SPDX-License-Identifier: Apache-2.0
// Any rules file: what is made of it is a watch file, and each remark is one line that a terminal shows.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/escape.h"
#include "filter/audit_import.h"
#include "filter/watch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto import =
        whodid::import_audit_rules(text, [](const std::string& path) { return path.size() % 2 == 0; });
    std::string written;
    for (const whodid::WatchEntry& entry : import.entries) written += whodid::watch_line(entry) + '\n';
    const auto list = whodid::parse_watch_file(written, "x");
    if (!list || !std::ranges::equal(list->entries(), import.entries)) abort();
    for (const whodid::AuditRemark& remark : import.remarks) {
        std::string plain = remark.reason;
        std::erase(plain, '\\');
        if (remark.line == 0 || plain.empty() || whodid::escape_for_terminal(plain) != plain) abort();
    }
    return 0;
}
