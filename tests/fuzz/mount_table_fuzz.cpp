// SPDX-License-Identifier: Apache-2.0
// Any two tables, cut at the first NUL: an end to every walk, and host paths that are absolute.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/mount_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = text.find('\0');
    const whodid::MountTable inside(text.substr(0, cut), 64);
    const whodid::MountTable host(cut == text.npos ? text : text.substr(cut + 1), 64);
    const auto directories = whodid::shared_directories(inside, host);
    if (directories.size() > inside.mounts().size()) abort();
    for (const whodid::SharedDirectory& directory : directories) {
        if (!directory.inside.starts_with('/')) abort();
        if (!directory.host.empty() && !directory.host.starts_with('/')) abort();
        const std::string path = whodid::host_path(directories, directory.inside + "/x", 0);
        if (!path.empty() && !path.starts_with('/')) abort();
    }
    return 0;
}
