// SPDX-License-Identifier: Apache-2.0
// Telling many acts as one.
#include "fold/summaries.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/path_group.h"
#include "event/kinds.h"
#include "fold/trades.h"

namespace whodid {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kRepeatsNs = 60 * kSecondNs;  // how long repeats are counted
constexpr std::uint64_t kPartNs = 600 * kSecondNs;    // what takes longer is told in parts
constexpr std::uint64_t kLingerNs = 180 * kSecondNs;  // the kernel side still counts some of its acts
constexpr std::uint64_t kUnheardNs =
    3600 * kSecondNs;                              // after so long it is over: its end was lost, or it hangs
constexpr std::uint64_t kLookNs = kSecondNs / 10;  // how often is looked at what takes its time
constexpr std::uint64_t kForgetNs = 10 * kSecondNs;  // how often is looked at what is over
constexpr std::uint64_t kEnd = ~std::uint64_t{0};    // of the stream
constexpr std::size_t kArgsMax = 2048;               // bytes of the first one's arguments
constexpr std::size_t kListed = 8;                   // entries of a list

/// How many acts it adds to those told or counted before.
std::uint64_t amount(const Event& event) { return event.closes_fold ? event.count - 1 : event.count; }

bool has_started(const Event& event) { return event.kind->id == REC_PROCESS_EXEC && !event.failed(); }

/// Who starts what, with whose rights. Of an interpreter without a script of its own the arguments are what
/// it does.
std::uint64_t repeats_key(const Event& exec) {
    const Process& p = *exec.process;
    const std::string_view program = program_of(exec);
    const bool is_told_what = program == p.exe && interprets(p);
    const std::string_view what = is_told_what ? exec.text(exec.as<rec_exec>().argv) : std::string_view();
    return hash_numbers(p.parent_entity, {hash_bytes(program).low, hash_bytes(what).low, p.credentials.euid,
                                          p.login_uid, p.audit_session, hash_bytes(p.cgroup).low})
        .low;
}

std::string command_line(const Event& exec) {
    constexpr std::size_t kLongest = 256;
    std::string line;
    for_each_string(exec.text(exec.as<rec_exec>().argv), [&](std::string_view argument) {
        if (line.size() < kLongest) line.append(line.empty() ? "" : " ").append(argument);
    });
    if (line.size() > kLongest) line.resize(kLongest);
    return line;
}

/// "cc1 1203", the most first, each with its NUL.
std::string list(const Tally& tally) {
    std::string out;
    std::size_t listed = 0;
    for (const Tally::Group& group : tally.groups()) {
        if (listed++ == kListed) break;
        out += fmt::format("{} {}", group.name, group.volume.bytes);
        out += '\0';
    }
    return out;
}

void add_one(KindAmounts& amounts, std::uint16_t kind) {
    const auto found = std::ranges::find(amounts, kind, &KindAmounts::value_type::first);
    if (found == amounts.end())
        amounts.emplace_back(kind, 1);
    else
        ++found->second;
}

}  // namespace

Summaries::GroupPtr Summaries::group_of(const Id128& entity) const {
    const auto found = members_.find(entity.low);
    return found == members_.end() || found->second->over_ns ? nullptr : found->second;
}

void Summaries::join(const Id128& entity, const GroupPtr& group) {
    if (members_.size() < kMembersMax)
        members_.insert_or_assign(entity.low, group);
    else
        ++evicted_;
}

Summaries::GroupPtr Summaries::make_group(const Event& exec, rec_summary_of of) {
    const auto& r = exec.as<rec_exec>();
    auto group = std::make_shared<Group>();
    group->task = {exec.process, std::string(exec.text(r.cwd)), of == REC_SUMMARY_OF_PACKAGES};
    group->amounts.of = of;
    group->amounts.since_ns = r.h.boot_ns;
    group->cause = r.h;
    group->args = exec.text(r.argv).substr(0, kArgsMax);
    group->told_ns = group->last_ns = group->heard_ns = r.h.boot_ns;
    groups_.push_back(group);
    return group;
}

/// A task that is told by itself: what it starts belongs to it, and what its parent starts after it may be
/// one more of its sort.
void Summaries::begin(const Event& exec) {
    const Process& p = *exec.process;
    if (groups_.size() + 1 >= kGroupsMax) return;
    const Trade trade = trade_of(exec);
    if (trade != Trade::kNone)
        join(p.entity,
             make_group(exec, trade == Trade::kPackages ? REC_SUMMARY_OF_PACKAGES : REC_SUMMARY_OF_BUILD));
    const bool is_told_each_time = trade == Trade::kBuild || trade == Trade::kPackages || is_typed_(exec);
    if (!is_told_each_time)
        repeats_.insert_or_assign(repeats_key(exec), make_group(exec, REC_SUMMARY_OF_REPEATS));
}

bool Summaries::take(const Event& event, bool kept) {
    now_ns_ = std::max(now_ns_, event.record->boot_ns);
    if (!event.process || event.kind->id >= REC_AUTH_ATTEMPT) return false;
    if (event.closes_fold) return on_closing(event, kept);
    if (has_started(event)) return on_exec(event, kept);
    if (members_.empty()) return false;
    const Process& p = *event.process;
    const bool is_new = event.kind->id == REC_PROCESS_FORK;
    const GroupPtr group = group_of(is_new ? p.parent_entity : p.entity);
    if (!group) return false;
    if (is_new) join(p.entity, group);
    const bool taken = add(group, event, kept);
    if (event.kind->id == REC_PROCESS_EXIT) {
        members_.erase(p.entity.low);
        if (p.entity == group->task.first->entity) end(*group, event);
    }
    return taken;
}

bool Summaries::on_exec(const Event& event, bool kept) {
    const Process& p = *event.process;
    if (const GroupPtr group = group_of(p.entity)) {
        if (!kept || !is_typed_(event)) return add(group, event, kept);
        members_.erase(p.entity.low);  // a person has got a shell out of it
    }
    if (!kept) return false;
    const auto found = repeats_.find(repeats_key(event));
    const bool is_repeat = found != repeats_.end() && !found->second->over_ns && !is_typed_(event) &&
                           is_ordinary(event, found->second->task);
    if (is_repeat) {
        join(p.entity, found->second);
        return add(found->second, event, true);
    }
    begin(event);
    return false;
}

/// Of acts that the kernel side counted: they belong where the first of them did.
bool Summaries::on_closing(const Event& event, bool kept) {
    const auto found = folds_.find(event.first_id().low);
    if (found == folds_.end()) return false;
    const GroupPtr group = found->second.group;
    folds_.erase(found);
    count(*group, event);
    if (kept) absorb(*group, event);
    return kept;
}

bool Summaries::add(const GroupPtr& group, const Event& event, bool kept) {
    const bool is_folded = event.record->task.fold != 0;
    const bool is_full = is_folded && folds_.size() >= kFoldsMax;
    const bool taken = kept && !is_full && is_ordinary(event, group->task);
    count(*group, event);
    if (taken) absorb(*group, event);
    if (is_folded && !is_full && (taken || !kept))
        folds_.insert_or_assign(event.first_id().low, Fold{group, event.record->boot_ns});
    return taken;
}

void Summaries::count(Group& group, const Event& event) {
    const std::uint64_t acts = amount(event);
    const std::uint16_t kind = event.kind->id;
    group.heard_ns = std::max(group.heard_ns, event.record->boot_ns);
    if (event.failed()) return;
    if (kind == REC_PROCESS_EXEC) {
        ++group.amounts.execs;
        group.programs.add(event.process->exe_name(), 1);
        if (!group.is_of(REC_SUMMARY_OF_REPEATS) || group.commands.size() == kListed) return;
        std::string line = command_line(event);
        if (std::ranges::find(group.commands, line) == group.commands.end())
            group.commands.push_back(std::move(line));
    } else if (kind == REC_PROCESS_EXIT) {
        const auto& r = event.as<rec_exit>();
        ++group.amounts.ends;
        group.amounts.failures += r.signal != 0 || r.code != 0;
        group.amounts.user_ns += r.user_ns;
        group.amounts.system_ns += r.system_ns;
    } else if (is_file(kind) && kind != REC_FILE_MAP) {
        const bool writes = is_writing(event), reads = kind == REC_FILE_OPEN && !writes;
        (writes ? group.amounts.writes : reads ? group.amounts.reads : group.amounts.changes) += acts;
        group.places.add(path_group(event.path), acts);
    }
}

void Summaries::absorb(Group& group, const Event& event) {
    group.count += amount(event);
    group.last_ns = std::max(group.last_ns, event.record->boot_ns);
    ++group.amounts.events;
    add_one(group.events, event.kind->id);
}

void Summaries::end(Group& group, const Event& exit) {
    if (group.is_of(REC_SUMMARY_OF_REPEATS)) return;
    const auto& r = exit.as<rec_exit>();
    group.amounts.ended = true;
    group.amounts.code = r.code;
    group.amounts.signal = r.signal;
    group.over_ns = r.h.boot_ns;
    has_ended_ = true;
}

// ---- telling ----------------------------------------------------------------------------------------------

bool Summaries::is_due(const Group& group, std::uint64_t boot_ns) {
    const bool has_ended_since = group.over_ns > group.told_ns;
    const std::uint64_t wait_ns = group.over_ns ? kLingerNs : kPartNs;
    const bool is_time = boot_ns == kEnd || has_ended_since || boot_ns >= group.told_ns + wait_ns;
    if (group.count != 0) return is_time;
    if (group.is_of(REC_SUMMARY_OF_REPEATS)) return false;
    // What was told in part has an end to tell; who has done nothing has not.
    return group.amounts.part != 0 ? has_ended_since && group.amounts.ended
                                   : is_time && (group.amounts.execs != 0 || group.amounts.writes != 0);
}

const rec_hdr* Summaries::make_record(Group& group, std::uint64_t now_ns, Arena& arena) {
    const bool is_build = group.is_of(REC_SUMMARY_OF_BUILD);
    RecordMaker<rec_summary> made(group.cause, is_build ? REC_SUMMARY_BUILD : REC_SUMMARY_PROCESS);
    ++group.amounts.part;
    const rec_hdr header = made->h;
    *made.operator->() = group.amounts;
    made->h = header;
    made->h.boot_ns = group.over_ns > group.told_ns ? group.over_ns : now_ns;
    std::string commands;
    for (const std::string& line : group.commands) commands.append(line).append(1, '\0');
    made.text(&rec_summary::directory, group.task.directory)
        .text(&rec_summary::args, group.args)
        .text(&rec_summary::commands, commands)
        .text(&rec_summary::programs, list(group.programs))
        .text(&rec_summary::places, list(group.places));
    return made.finish(arena);
}

void Summaries::tick(std::uint64_t boot_ns, Arena& arena, const std::function<void(const Told&)>& tell) {
    const std::uint64_t now_ns = boot_ns == kEnd ? now_ns_ : boot_ns;
    if (boot_ns != kEnd && !has_ended_ && now_ns < looked_ns_ + kLookNs) return;
    looked_ns_ = now_ns;
    has_ended_ = false;
    for (const GroupPtr& group : groups_) {
        Group& g = *group;
        if (g.is_of(REC_SUMMARY_OF_REPEATS) && !g.over_ns && now_ns >= g.amounts.since_ns + kRepeatsNs)
            g.over_ns = g.amounts.since_ns + kRepeatsNs;
        if (!g.over_ns && now_ns >= g.heard_ns + kUnheardNs) g.over_ns = now_ns;
        if (!is_due(g, boot_ns)) continue;
        const rec_hdr* record = make_record(g, now_ns, arena);
        tell({record, g.task.first, g.count + 1, g.last_ns, g.events});
        g.told_ns = record->boot_ns;
        rec_summary& a = g.amounts;
        a.events = a.execs = a.reads = a.writes = a.changes = a.ends = a.failures = a.user_ns = a.system_ns =
            0;
        g.count = 0;
        g.events.clear();
        g.commands.clear();
        g.programs = g.places = Tally(kNamesMax);
    }
    if (now_ns >= forgot_ns_ + kForgetNs) forget(now_ns);
}

/// What is over and told, and of whose acts the kernel side counts none any more.
void Summaries::forget(std::uint64_t boot_ns) {
    forgot_ns_ = boot_ns;
    std::erase_if(folds_,
                  [boot_ns](const auto& fold) { return boot_ns >= fold.second.since_ns + kLingerNs; });
    std::erase_if(members_, [](const auto& member) { return member.second->over_ns != 0; });
    std::erase_if(repeats_, [](const auto& repeat) { return repeat.second->over_ns != 0; });
    std::erase_if(groups_, [](const GroupPtr& group) {
        return group->over_ns != 0 && group->count == 0 && group.use_count() == 1;
    });
}

}  // namespace whodid
