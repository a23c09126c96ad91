// SPDX-License-Identifier: Apache-2.0
// What a summary may stand for.
#include "fold/ordinary.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <iterator>

#include "base/file_name.h"
#include "event/kinds.h"
#include "fold/trades.h"

namespace whodid {

namespace {

bool has_rights_of(const Process& p, const Process& first) {
    const std::string_view own = p.container ? std::string_view(p.container->id) : std::string_view();
    const std::string_view its = first.container ? std::string_view(first.container->id) : std::string_view();
    return p.login_uid == first.login_uid && p.audit_session == first.audit_session &&
           p.credentials.euid == first.credentials.euid && p.credentials.egid == first.credentials.egid &&
           (p.cap_effective & ~first.cap_effective) == 0 && own == its;
}

/// How many names a path has.
std::size_t depth(std::string_view path) {
    return static_cast<std::size_t>(std::ranges::count(path, '/')) - (path.ends_with('/') ? 1 : 0);
}

/// Directories of the system, or a person's own, where more than one task's files are.
bool is_shared(std::string_view directory) {
    constexpr std::string_view kSystem[] = {"/etc/", "/boot/", "/dev/",       "/proc/",
                                            "/sys/", "/run/",  "/var/spool/", "/var/log/"};
    constexpr std::string_view kOfMany[] = {"/root", "/var/lib", "/var/log", "/var/spool"};
    const bool is_home = directory.starts_with("/home/") && depth(directory) < 3;
    const bool is_of_many = std::ranges::find(kOfMany, directory) != std::end(kOfMany);
    if (is_home || is_of_many || depth(directory) < 2) return true;
    if (directory.starts_with("/usr/src/") || directory.starts_with("/usr/local/src/")) return false;
    return is_system_path(directory) || std::ranges::any_of(kSystem, [directory](std::string_view place) {
               return directory.starts_with(place);
           });
}

bool climbs(std::string_view path) { return path.find("/../") != path.npos || path.ends_with("/.."); }

bool is_below(std::string_view path, std::string_view directory) {
    return path.size() > directory.size() + 1 && path.starts_with(directory) && path[directory.size()] == '/';
}

constexpr std::string_view kTemporary[] = {"/tmp", "/var/tmp"};
/// In a home directory: what tools keep to be faster next time.
constexpr std::string_view kCaches[] = {".cache/", ".ccache/",        ".cargo/registry/", "go/pkg/",
                                        ".npm/",   ".m2/repository/", ".gradle/caches/"};

std::string_view in_home(std::string_view path) {
    constexpr std::string_view kHomes = "/home/", kRoot = "/root/";
    if (path.starts_with(kRoot)) return path.substr(kRoot.size());
    if (!path.starts_with(kHomes)) return {};
    const std::size_t end = path.find('/', kHomes.size());
    return end == path.npos ? std::string_view() : path.substr(end + 1);
}

/// In the task's own directory.
bool is_own(std::string_view path, const Task& task) {
    return !climbs(path) && !is_shared(task.directory) && is_below(path, task.directory);
}

bool is_at_home(std::string_view path, const Task& task) {
    if (path.empty() || climbs(path)) return false;
    if (is_own(path, task)) return true;
    if (std::ranges::any_of(kTemporary, [&](std::string_view place) { return is_below(path, place); }))
        return true;
    const std::string_view rest = in_home(path);
    return std::ranges::any_of(kCaches, [&](std::string_view cache) { return rest.starts_with(cache); });
}

/// `name` is what the process said, `path` what that leads to if no link is in it: none is if the directory
/// is the kernel's word, or one that only root changes.
bool is_certain(std::string_view name, std::string_view path) {
    if (name.find('/') == name.npos) return true;
    return name == path &&
           std::ranges::find(kTemporary, path.substr(0, path.rfind('/'))) != std::end(kTemporary);
}

bool is_ordinary_change(const Event& event, const Task& task) {
    const auto& r = event.as<rec_file>();
    const std::uint16_t kind = event.kind->id;
    const bool opens = kind == REC_FILE_OPEN || kind == REC_FILE_CREATE;
    if ((r.new_mode | (opens ? r.mode : 0)) & (S_ISUID | S_ISGID)) return false;
    if (task.installs && writes_packages(*event.process)) return true;
    const bool said = r.h.flags & REC_F_USER_SUPPLIED;
    const bool follows = kind == REC_FILE_CHMOD || kind == REC_FILE_CHOWN || kind == REC_FILE_TRUNCATE;
    if (said && follows) return false;  // a link at the name's end
    if (!is_at_home(event.path, task) || (said && !is_certain(event.text(r.name), event.path))) return false;
    if (kind == REC_FILE_SYMLINK) {
        const std::string_view content = event.text(r.name2);
        return !content.starts_with('/') && content.find("..") == content.npos;
    }
    if (kind != REC_FILE_RENAME && kind != REC_FILE_LINK) return true;
    return is_at_home(event.target_path, task) &&
           (!said || is_certain(event.text(r.name2), event.target_path));
}

bool is_ordinary_start(const Event& event, const Task& task) {
    const auto& r = event.as<rec_exec>();
    const Process& p = *event.process;
    if (r.secure || r.exe.flags & (REC_PATH_PSEUDO | REC_PATH_DELETED) || reaches_out(p)) return false;
    const std::string_view environment = event.text(r.env);
    for (std::string_view variable : {"LD_PRELOAD=", "LD_AUDIT="})
        if (environment.find(variable) != environment.npos) return false;
    const Process& first = *task.first;
    const bool is_same = p.exe == first.exe && p.exe_inode == first.exe_inode && p.exe_dev == first.exe_dev;
    return is_system_path(p.exe) || is_same || is_own(p.exe, task);
}

}  // namespace

bool is_writing(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (kind == REC_FILE_CREATE) return true;
    return kind == REC_FILE_OPEN && (event.as<rec_file>().open_flags & O_ACCMODE) != O_RDONLY;
}

bool is_ordinary(const Event& event, const Task& task) {
    constexpr std::uint16_t kUnusual = REC_F_URING | REC_F_COMPAT;
    const int error = event.error();
    if (!event.process || !event.tags.empty() || error == EACCES || error == EPERM) return false;
    if (event.record->flags & kUnusual || !has_rights_of(*event.process, *task.first)) return false;
    switch (event.kind->id) {
        case REC_PROCESS_FORK:
            return true;
        case REC_PROCESS_EXEC:
            return event.failed() ? error == ENOENT : is_ordinary_start(event, task);
        case REC_PROCESS_EXIT: {
            const std::uint32_t signal = event.as<rec_exit>().signal;
            return signal == 0 || signal == SIGPIPE;
        }
        case REC_FILE_OPEN:
            return is_writing(event) && is_ordinary_change(event, task);
        case REC_FILE_CREATE:
        case REC_FILE_UNLINK:
        case REC_FILE_RENAME:
        case REC_FILE_LINK:
        case REC_FILE_SYMLINK:
        case REC_FILE_CHMOD:
        case REC_FILE_CHOWN:
        case REC_FILE_TRUNCATE:
        case REC_FILE_MKDIR:
        case REC_FILE_RMDIR:
            return is_ordinary_change(event, task);
        default:
            return false;
    }
}

}  // namespace whodid
