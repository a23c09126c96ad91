// SPDX-License-Identifier: Apache-2.0
// Processes: the table of who runs what, kept from fork, exec, exit and every record's task.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "base/table_size.h"
#include "enrich/containers.h"
#include "enrich/sessions.h"
#include "enrich/users.h"
#include "event/event.h"

namespace whodid {

/// A process' identity: its number alone is used again.
struct ProcessKey {
    std::uint32_t tgid;
    std::uint64_t start_ns;
    bool operator==(const ProcessKey&) const = default;
};

inline ProcessKey key_of(const rec_task& task) { return {task.tgid, task.start_ns}; }

struct ProcessKeyHash {
    std::size_t operator()(const ProcessKey& key) const {
        return (key.start_ns ^ static_cast<std::uint64_t>(key.tgid) << 40) * 0x9e3779b97f4a7c15ull;
    }
};

using Snapshot = std::shared_ptr<const Process>;

class Processes {
public:
    Processes(const Stream& stream, Users& users, Sessions& sessions, Containers& containers);

    /// A process from before the sensor.
    Snapshot add_existing(const Event& event);
    /// The child is its parent until it execs.
    Snapshot fork(const rec_task& child);
    Snapshot exec(const Event& event);
    /// An exec whose turn has not come: of its container what is not known is asked for.
    void foresee(const Event& event);
    /// What it was; forgotten kLingerNs later, when no late record can name it any more.
    Snapshot exit(const rec_task& task, std::uint64_t boot_ns);

    /// The snapshot that fits this record's task: rights, login and session as the record has them. Makes one
    /// when the process is not known (its fork was lost).
    Snapshot of(const rec_task& task);

    /// What an unknown process runs, where a record tells.
    Snapshot learn_exe(const rec_task& task, std::string_view exe, std::uint64_t inode, std::uint32_t dev);

    /// Null when not known.
    Snapshot find(const ProcessKey& key) const;
    Snapshot parent(const Process& process) const;
    /// The newest process of that number; null when not known.
    Snapshot find_pid(std::uint32_t pid) const;
    /// Whether `process` is, or descends from, a process with this number.
    bool descends_from(const Process& process, std::uint32_t pid) const;

    /// Calls f(snapshot) for every process; f changes nothing here.
    void for_each(const std::function<void(const Snapshot&)>& f) const;

    /// Forgets what exited long ago.
    void expire(std::uint64_t boot_now_ns);

    std::size_t size() const { return table_.size(); }
    TableSize table_size() const { return {"processes", table_.size(), kMax, evicted_}; }

private:
    static constexpr std::uint64_t kLingerNs = 30'000'000'000;
    static constexpr std::size_t kMax = 262144;  // entries

    struct Entry {
        Snapshot snapshot;
        ProcessKey parent{};
    };

    std::shared_ptr<Process> make(const rec_task& task) const;
    std::shared_ptr<Process> derive(const Process& from) const;
    void fill_login(Process& p, const rec_task& task);
    void fill_rights(Process& p, const rec_task& task);
    std::string user_name(const Process& p, std::uint32_t uid) const;
    std::string group_name(const Process& p, std::uint32_t gid) const;
    /// `from`: what it was before, or its parent: in the same container it came there with it.
    void fill_cgroup(Process& p, std::string_view unified, std::string_view v1, const rec_task& task,
                     const Snapshot& from);
    std::shared_ptr<const Session> make_entry(const Process& p, bool is_first) const;
    std::shared_ptr<const Session> session_of(const Process& p) const;
    void inherit_chain(Process& p, const Snapshot& parent) const;
    void extend_chain(Process& p, bool set_id) const;
    Snapshot store(const rec_task& task, std::shared_ptr<Process> p, ProcessKey parent);
    bool fits(const Process& p, const rec_task& task) const;
    bool has_new_names(const Process& p) const;

    const Stream& stream_;
    Users& users_;
    Sessions& sessions_;
    Containers& containers_;
    std::unordered_map<ProcessKey, Entry, ProcessKeyHash> table_;
    std::unordered_map<std::uint32_t, std::uint64_t> newest_;  // start of the newest process of a number
    std::deque<std::pair<std::uint64_t, ProcessKey>> exited_;  // by time
    std::uint64_t evicted_ = 0;
};

}  // namespace whodid
