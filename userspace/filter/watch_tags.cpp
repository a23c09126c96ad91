// SPDX-License-Identifier: Apache-2.0
// Tags of events.
#include "filter/watch_tags.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace whodid {

namespace {

WatchAccesses accesses_of_open(std::uint32_t flags) {
    constexpr std::uint32_t kPathOnly = 010000000;  // O_PATH
    if (flags & kPathOnly) return 0;
    const std::uint32_t mode = flags & O_ACCMODE;
    WatchAccesses accesses = 0;
    if (mode != O_WRONLY) accesses |= kWatchRead;
    if (mode != O_RDONLY || (flags & O_TRUNC)) accesses |= kWatchWrite;
    return accesses;
}

bool has(std::string_view tags, std::string_view wanted) {
    bool found = false;
    for_each_string(tags, [&](std::string_view tag) { found = found || tag == wanted; });
    return found;
}

/// Those of both, each once.
std::string_view join_tags(std::string_view tags, std::string_view more, Arena& arena) {
    std::size_t size = tags.size();
    char* const joined = arena.allocate(size + more.size());
    std::memcpy(joined, tags.data(), size);
    for_each_string(more, [&](std::string_view tag) {
        if (has(tags, tag)) return;
        std::memcpy(joined + size, tag.data(), tag.size() + 1);  // with its NUL
        size += tag.size() + 1;
    });
    return size == tags.size() ? tags : std::string_view(joined, size);
}

}  // namespace

EventAccesses accesses_of(const Event& event) {
    if (event.error() == ENOENT || event.error() == ENOTDIR) return {};
    switch (event.kind->id) {
        case REC_FILE_OPEN:
            return {accesses_of_open(event.as<rec_file>().open_flags), 0};
        case REC_FILE_CREATE:
        case REC_FILE_UNLINK:
        case REC_FILE_SYMLINK:  // its target is a text
        case REC_FILE_TRUNCATE:
        case REC_FILE_MKDIR:
        case REC_FILE_RMDIR:
        case REC_FILE_MOUNT:
        case REC_FILE_UMOUNT:
            return {kWatchWrite, 0};
        case REC_FILE_RENAME:
            return {kWatchWrite, kWatchWrite};
        case REC_FILE_LINK:
            return {kWatchWrite | kWatchAttributes, kWatchWrite};
        case REC_FILE_CHMOD:
        case REC_FILE_CHOWN:
        case REC_FILE_SETXATTR:
            return {kWatchAttributes, 0};
        case REC_FILE_MAP:
            return {kWatchExecute, 0};
        default:
            return {};
    }
}

void WatchTags::add(std::string_view path, WatchAccesses accesses, Event& event, Arena& arena) const {
    list_.for_each_match(path, accesses, [&](const WatchEntry& entry) {
        event.tags = event.tags.empty() ? entry.tags : join_tags(event.tags, entry.tags, arena);
    });
}

/// The program, and the script that it was started for. In a container they are its own.
void WatchTags::tag_exec(Event& event, Arena& arena) {
    if (event.failed()) {
        if (event.error() != ENOENT && event.error() != ENOTDIR)
            add(path_.read(event, scratch_).text, kWatchExecute, event, arena);
        return;
    }
    if (event.process && event.process->apart) return;
    const auto& r = event.as<rec_exec>();
    add(event.text(r.exe), kWatchExecute, event, arena);
    const std::string_view asked = event.text(r.filename);
    if (asked != event.text(r.interp))
        add(event.path.empty() ? asked : event.path, kWatchExecute, event, arena);
}

void WatchTags::tag(Event& event, Arena& arena) {
    if (list_.entries().empty()) return;
    scratch_.reset();
    if (event.kind->id == REC_PROCESS_EXEC) {
        tag_exec(event, arena);
        return;
    }
    const EventAccesses accesses = accesses_of(event);
    if (accesses.path) add(path_.read(event, scratch_).text, accesses.path, event, arena);
    if (accesses.target) add(target_.read(event, scratch_).text, accesses.target, event, arena);
}

}  // namespace whodid
