// SPDX-License-Identifier: Apache-2.0
// Summaries: what the kernel side cannot see to be one thing: a build or an upgrade with all its processes,
// and a program that one process starts again and again. docs/profiles.md, "Summaries".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/table_size.h"
#include "base/tally.h"
#include "event/event.h"
#include "event/make_record.h"
#include "fold/ordinary.h"

namespace whodid {

/// Acts that a summary stands for, by kind.
using KindAmounts = std::vector<std::pair<std::uint16_t, std::uint64_t>>;

class Summaries {
public:
    /// A summary, ready to be told.
    struct Told {
        const rec_hdr* record;
        std::shared_ptr<const Process> first;
        std::uint64_t count;         // the first one, and what was not told
        std::uint64_t last_boot_ns;  // of these
        const KindAmounts& of;       // events, without the first
    };

    /// `is_typed`: whether a person typed the program that an event is about; what they type is always told.
    explicit Summaries(std::function<bool(const Event&)> is_typed) : is_typed_(std::move(is_typed)) {}

    /// Whether the event is counted in a summary, and so not told by itself. To be asked of every event, in
    /// the stream's order. `kept`: somebody wants it.
    bool take(const Event& event, bool kept);

    /// Calls tell(const Told&) for what is due at this time, all of it at ~0. The record lies in the arena.
    void tick(std::uint64_t boot_ns, Arena& arena, const std::function<void(const Told&)>& tell);

    /// Processes whose acts are told in summaries.
    TableSize table_size() const { return {"summaries", members_.size(), kMembersMax, evicted_}; }

private:
    struct Group {
        Task task;
        rec_hdr cause{};        // of the first one's exec
        rec_summary amounts{};  // since it was told last; header and texts are not used
        std::string args;
        std::uint64_t told_ns = 0;
        std::uint64_t last_ns = 0, heard_ns = 0;  // of what was not told; of all
        std::uint64_t over_ns = 0;                // when it was; 0: it goes on
        std::uint64_t count = 0;                  // acts that were not told; events of it by kind
        KindAmounts events;
        std::vector<std::string> commands;
        Tally programs{kNamesMax}, places{kNamesMax};

        bool is_of(rec_summary_of what) const { return amounts.of == what; }
    };
    using GroupPtr = std::shared_ptr<Group>;
    struct Fold {
        GroupPtr group;
        std::uint64_t since_ns;
    };

    static constexpr std::size_t kNamesMax = 64;  // programs, and places, that a summary tells apart
    static constexpr std::size_t kGroupsMax = 4096, kMembersMax = 65536, kFoldsMax = 65536;

    GroupPtr group_of(const Id128& entity) const;
    GroupPtr make_group(const Event& exec, rec_summary_of of);
    void begin(const Event& exec);
    void join(const Id128& entity, const GroupPtr& group);
    bool on_exec(const Event& event, bool kept);
    bool on_closing(const Event& event, bool kept);
    bool add(const GroupPtr& group, const Event& event, bool kept);
    void count(Group& group, const Event& event);
    void absorb(Group& group, const Event& event);
    void end(Group& group, const Event& exit);
    static const rec_hdr* make_record(Group& group, std::uint64_t now_ns, Arena& arena);
    static bool is_due(const Group& group, std::uint64_t boot_ns);
    void forget(std::uint64_t boot_ns);

    std::function<bool(const Event&)> is_typed_;
    std::vector<GroupPtr> groups_;
    std::unordered_map<std::uint64_t, GroupPtr> members_;  // by process
    std::unordered_map<std::uint64_t, GroupPtr> repeats_;  // by who starts what
    std::unordered_map<std::uint64_t, Fold> folds_;  // by the first event of what the kernel side counts
    std::uint64_t now_ns_ = 0, looked_ns_ = 0, forgot_ns_ = 0, evicted_ = 0;
    bool has_ended_ = false;  // a task, since it was looked
};

}  // namespace whodid
