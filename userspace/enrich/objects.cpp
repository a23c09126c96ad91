// SPDX-License-Identifier: Apache-2.0
// Objects as the security hooks tell them.
#include "enrich/objects.h"

namespace whodid {

namespace {

/// Threads that die in a call leave theirs behind; one that lives needs a single one.
constexpr std::size_t kMost = 4096;

}  // namespace

void Objects::found(const Event& event) {
    const auto& r = event.as<rec_object>();
    const auto before = of_.find(r.h.task.tid);
    // Told of an exec once for each level: the first is the script that was asked for.
    if (r.kind == REC_PROCESS_EXEC && before != of_.end() && before->second.record.kind == REC_PROCESS_EXEC)
        return;
    if (of_.size() >= kMost && before == of_.end()) of_.clear();
    of_[r.h.task.tid] = {r, std::string(event.text(r.path)), std::string(event.text(r.path2))};
}

std::optional<Objects::Object> Objects::take(std::uint32_t tid) {
    const auto found = of_.find(tid);
    if (found == of_.end()) return std::nullopt;
    std::optional<Object> object = std::move(found->second);
    of_.erase(found);
    return object;
}

void Objects::put_into(Event& event, rec_file& record, Batch& batch) {
    const auto object = take(record.h.task.tid);
    if (!object) return;
    const rec_object& from = object->record;
    if (event.failed() || from.kind != record.h.kind || from.h.task.start_ns != record.h.task.start_ns ||
        (from.path.flags & REC_PATH_CUT))
        return;
    if (!(from.path.flags & REC_PATH_ABSENT)) {
        event.path = batch.arena.copy(object->path);
        if (!object->path2.empty()) event.target_path = batch.arena.copy(object->path2);
        record.h.flags &= static_cast<rec_u16>(~REC_F_USER_SUPPLIED);
    }
    record.inode = from.inode;
    record.dev = from.dev;
    record.mode = from.mode;
    record.owner = from.owner;
    record.group = from.group;
    record.magic = from.magic;
}

void Objects::put_script_into(Event& event, Batch& batch) {
    const auto& r = event.as<rec_exec>();
    const auto object = take(event.failed() ? r.h.task.tid : r.caller_tid);
    if (!object || event.failed() || object->record.kind != REC_PROCESS_EXEC) return;
    if (object->record.inode == r.exe_inode && object->record.dev == r.exe_dev) return;
    event.path = batch.arena.copy(object->path);
    event.script_inode = object->record.inode;
}

}  // namespace whodid
