// SPDX-License-Identifier: Apache-2.0
// Looking through /proc/self/fd.
#include "app/descriptors.h"

#include <charconv>
#include <string>

#include "base/host.h"

namespace whodid {

std::vector<int> descriptors_but(const std::function<bool(int fd, std::string_view target)>& keeps) {
    const LiveHost host;
    std::vector<int> fds;
    for (const std::string& name : host.list("/proc/self/fd")) {
        int fd = -1;
        std::from_chars(name.data(), name.data() + name.size(), fd);
        if (fd >= 0 && !keeps(fd, host.link("/proc/self/fd/" + name))) fds.push_back(fd);
    }
    return fds;
}

}  // namespace whodid
