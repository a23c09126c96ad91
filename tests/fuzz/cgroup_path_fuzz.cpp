// SPDX-License-Identifier: Apache-2.0
// Any path: every field a part of it, the container id well-formed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/cgroup_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view path(reinterpret_cast<const char*>(data), size);
    const whodid::CgroupInfo info = whodid::parse_cgroup_path(path);
    for (const std::string* field :
         {&info.container_id, &info.systemd_unit, &info.user_unit, &info.session}) {
        if (path.find(*field) == path.npos || field->find('/') != field->npos) abort();
    }
    std::string pod = info.pod_uid;
    std::string dashed(path);
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    if (dashed.find(pod) == dashed.npos) abort();
    for (char c : info.container_id + info.pod_uid + info.session) {
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F) abort();
    }
    if (info.user_uid == UINT32_MAX) abort();
    if (info.container_id.empty() && !info.runtime.empty()) abort();
    if (!info.session.empty() && info.systemd_unit != "session-" + info.session + ".scope") abort();
    return 0;
}
