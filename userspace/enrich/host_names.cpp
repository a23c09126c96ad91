// SPDX-License-Identifier: Apache-2.0
// Which name a process had asked for before it connected.
#include "enrich/host_names.h"

namespace whodid {

void HostNames::asked(const ProcessKey& process, std::string_view name, std::uint64_t boot_ns) {
    if (questions_.size() >= kMax)
        std::erase_if(questions_, [&](const auto& q) { return q.second.boot_ns + kMemoryNs < boot_ns; });
    if (questions_.size() >= kMax) evict_all(questions_);
    questions_[process] = {std::string(name), boot_ns};
}

std::string_view HostNames::recall(const ProcessKey& process, std::uint64_t boot_ns) const {
    const auto found = questions_.find(process);
    if (found == questions_.end() || found->second.boot_ns + kMemoryNs < boot_ns) return {};
    return found->second.name;
}

void HostNames::connected(std::uint64_t socket, std::string_view name) {
    if (socket == 0 || name.empty()) return;
    if (sockets_.size() >= kMax) evict_all(sockets_);
    sockets_[socket] = name;
}

std::string HostNames::closed(std::uint64_t socket) {
    const auto found = sockets_.find(socket);
    if (found == sockets_.end()) return {};
    std::string name = std::move(found->second);
    sockets_.erase(found);
    return name;
}

}  // namespace whodid
