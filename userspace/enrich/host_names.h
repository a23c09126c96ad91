// SPDX-License-Identifier: Apache-2.0
// HostNames: which name a process had asked for before it connected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/table_size.h"
#include "enrich/processes.h"

namespace whodid {

class HostNames {
public:
    void asked(const ProcessKey& process, std::string_view name, std::uint64_t boot_ns);
    /// The last name asked for in the kMemoryNs before; empty when there is none.
    std::string_view recall(const ProcessKey& process, std::uint64_t boot_ns) const;
    /// Remembers a connection's name until it is closed.
    void connected(std::uint64_t socket, std::string_view name);
    std::string closed(std::uint64_t socket);

    TableSize table_size() const {
        return {"host_names", questions_.size() + sockets_.size(), 2 * kMax, evicted_};
    }

private:
    static constexpr std::uint64_t kMemoryNs = 10'000'000'000;
    static constexpr std::size_t kMax = 16384;
    template <class Table>
    void evict_all(Table& table) {
        evicted_ += table.size();
        table.clear();
    }

    struct Question {
        std::string name;
        std::uint64_t boot_ns;
    };
    std::unordered_map<ProcessKey, Question, ProcessKeyHash> questions_;
    std::unordered_map<std::uint64_t, std::string> sockets_;
    std::uint64_t evicted_ = 0;
};

}  // namespace whodid
