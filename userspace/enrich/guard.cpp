// SPDX-License-Identifier: Apache-2.0
// What is done to the sensor itself.
#include "enrich/guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "event/kinds.h"
#include "event/names.h"
#include "event/shared_path.h"

namespace whodid {

namespace {

std::string sensor_name(const Event& event, const rec_target& target) {
    const std::string_view name = event.target ? event.target->exe_name() : std::string_view();
    if (name.empty()) return fmt::format("the sensor's process {}", target.tgid);  // a worker that is no more
    return fmt::format("the sensor {}[{}]", name, target.tgid);
}

/// Of a call that was refused the kernel names no object: what was asked for tells which sort it is.
std::uint32_t object_of(const rec_bpf& r) {
    if (r.object != 0) return r.object;
    switch (r.command) {
        case BPF_PROG_GET_FD_BY_ID:
            return REC_BPF_PROGRAM;
        case BPF_MAP_GET_FD_BY_ID:
            return REC_BPF_MAP;
        case BPF_LINK_GET_FD_BY_ID:
            return REC_BPF_LINK;
        default:
            return 0;
    }
}

std::string_view object_name(std::uint32_t object) {
    constexpr std::string_view kNames[] = {"object", "program", "map", "link"};
    return kNames[object < std::size(kNames) ? object : 0];
}

/// The sensor is harmed by what changes the file, or puts another in its place.
bool is_harmful(const Event& event, const GuardedFile& file) {
    switch (event.kind->id) {
        case REC_FILE_OPEN:
            return file.use == GuardedUse::kOutput ||
                   (event.as<rec_file>().open_flags & (O_ACCMODE | O_TRUNC)) != 0;
        case REC_FILE_LINK:  // the file stays what it is; a directory has one more
        case REC_FILE_SYMLINK:
            return file.tree;
        case REC_FILE_MAP:
            return false;
        default:
            return true;
    }
}

bool is_tried(const Event& event) { return event.error() != ENOENT && event.error() != ENOTDIR; }

/// Which of the two names of an act is in the directory; empty: none.
std::string_view name_below(const Event& event, const GuardedFile& file) {
    if (!file.tree || !is_tried(event)) return {};
    if (is_below(event.path, file.path)) return event.path;
    const bool has_second = event.kind->id == REC_FILE_RENAME || event.kind->id == REC_FILE_LINK;
    return has_second && is_below(event.target_path, file.path) ? event.target_path : std::string_view();
}

/// By the object where the kernel told one. Else by name, as text; nothing was done to what is not there.
bool is_about(const Event& event, const GuardedFile& file) {
    const auto& r = event.as<rec_file>();
    const bool same_name = event.path == file.path, is_output = file.use == GuardedUse::kOutput;
    if (r.h.kind == REC_FILE_RENAME && event.target_path == file.path) return true;
    // Who writes these anew puts another file in their place.
    const bool is_replaced = file.use == GuardedUse::kSettings || file.use == GuardedUse::kState;
    if (is_replaced && same_name) return is_tried(event);
    // The output is known by stat(2), and btrfs tells that another device: the name decides then.
    if (r.inode != 0) return r.inode == file.id.inode && (r.dev == file.id.dev || (is_output && same_name));
    return same_name && is_tried(event);
}

std::string_view use_name(GuardedUse use) {
    constexpr std::string_view kNames[] = {"program", "output", "settings", "state"};
    return kNames[static_cast<std::size_t>(use)];
}

}  // namespace

bool Guard::is_sensor(std::uint32_t tgid, std::uint64_t start_ns) const {
    return std::ranges::find(guarded_.processes, ProcessKey{tgid, start_ns}) != guarded_.processes.end();
}

bool Guard::is_upkeep(const rec_hdr& record) const {
    return record.kind == REC_KERNEL_BPF && is_sensor(record.task.tgid, record.task.start_ns);
}

std::string Guard::describe(const Event& event) const {
    const rec_task& actor = event.record->task;
    if (is_sensor(actor.tgid, actor.start_ns)) return {};
    if (event.kind->id == REC_PROCESS_PTRACE) return hold(event);
    if (event.kind->id == REC_KERNEL_BPF) return kernel_side(event);
    return is_file(event.kind->id) ? file(event) : std::string();
}

std::string Guard::hold(const Event& event) const {
    const auto& r = event.as<rec_ptrace>();
    if (!is_sensor(r.target.tgid, r.target.start_ns)) return {};
    return fmt::format("{} of {}", hold_name(r.operation), sensor_name(event, r.target));
}

std::string Guard::kernel_side(const Event& event) const {
    const auto& r = event.as<rec_bpf>();
    const auto is_own = [this](const KernelObject& object) {
        return object.second != 0 && std::ranges::find(guarded_.objects, object) != guarded_.objects.end();
    };
    KernelObject object{object_of(r), r.id};
    if (!is_own(object)) object = {REC_BPF_PROGRAM, r.program_id};
    if (!is_own(object)) return {};
    return fmt::format("{} of the sensor's {} {} {}", bpf_command_name(r.command), object_name(object.first),
                       object.second, event.text(r.name));
}

std::string Guard::file(const Event& event) const {
    for (const GuardedFile& file : guarded_.files) {
        if (!is_harmful(event, file)) continue;
        std::string_view name = name_below(event, file);
        if (name.empty() && is_about(event, file)) name = file.path;
        if (!name.empty())
            return fmt::format("{} of the sensor's {} {}", event.kind->act(event), use_name(file.use), name);
    }
    return memory(event);
}

/// /proc/PID/mem is as good as ptrace, and /proc/PID/task/TID/mem the same.
std::string Guard::memory(const Event& event) const {
    constexpr std::string_view kProc = "/proc/", kMem = "/mem";
    if (event.kind->id != REC_FILE_OPEN || !event.path.starts_with(kProc) || !event.path.ends_with(kMem))
        return {};
    std::uint32_t pid = 0;
    std::from_chars(event.path.data() + kProc.size(), event.path.data() + event.path.size(), pid);
    if (std::ranges::find(guarded_.processes, pid, &ProcessKey::tgid) == guarded_.processes.end()) return {};
    return fmt::format("{} of the sensor's memory {}", event.kind->act(event), event.path);
}

std::string describe_signal(const Event& event) {
    const auto& r = event.as<rec_signal>();
    return fmt::format("{} to {}", signal_name(r.signal), sensor_name(event, r.target));
}

}  // namespace whodid
