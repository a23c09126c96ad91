// SPDX-License-Identifier: Apache-2.0
// Containers: by the ids in cgroup paths, and what has been learnt about each.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/host.h"
#include "base/table_size.h"
#include "base/worker.h"
#include "enrich/cgroup_path.h"
#include "enrich/container_files.h"

namespace whodid {

using ContainerSnapshot = std::shared_ptr<const Container>;

class Containers {
public:
    explicit Containers(const Host& host);

    enum class Entering : std::uint8_t {
        kFromTheHost,  // in its cgroup, but still in the host's mount namespace: its runtime, preparing
        kFirst,        // nobody was in it, as far as is known
        kLater,
    };
    struct Entered {
        ContainerSnapshot container;
        Entering how;
    };
    /// A process is in the container that its cgroup path names. What is not known of it is asked for, by way
    /// of this process; nothing is waited for.
    Entered enter(const CgroupInfo& info, const rec_task& task);

    /// Asks ahead of enter(), which changes nothing else: a short life's files are gone when its turn comes.
    void foresee(const CgroupInfo& info, const rec_task& task);

    /// What is known by now of a container that a snapshot is of.
    const ContainerSnapshot& current(const ContainerSnapshot& known) const;

    /// Its first process has ended, and with it the container. One that is called the same is another.
    void left(const Container& container, const rec_task& task);

    /// Mounts or accounts in it have changed: they are looked at again, by way of this process.
    void changed(const Container& container, const rec_task& task);

    /// Takes in what was found. Call now and then.
    void refresh();

    /// Paths and accounts in this mount namespace are the host's: process 1's, as the kernel told.
    void set_host(std::uint32_t mount_ns) { host_mount_ns_ = mount_ns; }
    /// Whether those in another may be others. Yes where the host's is not known.
    bool is_apart(std::uint32_t mount_ns) const { return host_mount_ns_ == 0 || mount_ns != host_mount_ns_; }
    std::size_t size() const { return containers_.size(); }
    TableSize table_size() const { return {"containers", containers_.size(), kMax, evicted_}; }

private:
    static constexpr std::size_t kMax = 1024;  // containers; the oldest make room
    static constexpr std::uint32_t kAsksMax = 16;
    static constexpr std::size_t kQueueMax = 64;

    struct Entry {
        ContainerSnapshot snapshot;
        std::optional<std::uint32_t> owner;
        std::uint32_t first_pid = 0;
        std::uint64_t first_start_ns = 0;
        std::uint32_t asked = 0;  // times since it changed
        bool waits = false, has_state = false, entered = false;
        std::optional<ContainerQuestion> next;  // to be asked when the answer that waits is here
    };

    Entry& find_or_make(const CgroupInfo& info);
    void ask_what_is_lacking(Entry& entry, const rec_task& task);
    void make_room();
    void forget(std::uint64_t number);
    ContainerQuestion question_of(const Entry& entry, const rec_task& task) const;
    void ask(Entry& entry, ContainerQuestion question);
    void learn(const ContainerAnswer& answer);

    std::uint32_t host_mount_ns_ = 0;
    std::uint64_t made_ = 0, evicted_ = 0;
    std::unordered_map<std::uint64_t, Entry> containers_;  // by number
    std::unordered_map<std::string, std::uint64_t> ids_;   // number of the one that has the id now
    std::unique_ptr<Worker<ContainerQuestion, ContainerAnswer>> reader_;  // on a live host only
};

}  // namespace whodid
