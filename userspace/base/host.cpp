// SPDX-License-Identifier: Apache-2.0
// The machine's files, and a recorded machine's.
#include "base/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/fd.h"

namespace whodid {

namespace {

constexpr std::size_t kFileMax = 1 << 20;

/// Users choose what lies where some of this is read. A FIFO would hold the pump, and to open a device is an
/// act (a watchdog's starts it), so what it is is found out before it is opened. `found` is an O_PATH one.
Result<std::string> read_found(const Fd& found, const std::string& path, std::size_t bytes_max) {
    struct stat st {};
    if (!found.valid() || ::fstat(found.get(), &st) != 0) return Error::from_errno("cannot read " + path);
    if (!S_ISREG(st.st_mode)) return Error{"cannot read " + path + ": not a regular file", EINVAL};
    Fd fd(::open(("/proc/self/fd/" + std::to_string(found.get())).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Error::from_errno("cannot read " + path);
    std::string text;
    char buffer[8192];
    while (text.size() < bytes_max) {
        const ssize_t n = ::read(fd.get(), buffer, std::min(sizeof buffer, bytes_max - text.size()));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("cannot read " + path);
        if (n == 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
}

}  // namespace

Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max) {
    return read_found(Fd(::open(path.c_str(), O_PATH | O_CLOEXEC)), path, bytes_max);
}

Result<std::string> LiveHost::read_file(const std::string& path) const {
    return read_regular_file(path, kFileMax);
}

Result<std::string> LiveHost::read_file_below(const std::string& directory, const std::string& path) const {
    const std::string shown = directory + path;
    const Fd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return Error::from_errno("cannot read " + shown);
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, root.get(), path.c_str() + 1, &how, sizeof how);  // 5.6
    return read_found(Fd(static_cast<int>(fd)), shown, kFileMax);
}

std::vector<std::string> LiveHost::list(const std::string& path) const {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
    if (!dir) return names;
    while (const dirent* entry = ::readdir(dir.get()))
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    std::ranges::sort(names);
    return names;
}

std::string LiveHost::link(const std::string& path) const {
    char target[4096];
    const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
    return n < 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
}

std::optional<FileId> LiveHost::identify(const std::string& path) const {
    struct stat st {};
    // In an image of its own that lacks the file, the machine's: a login program's, say.
    if (::stat(path.c_str(), &st) != 0 && ::stat(("/proc/1/root" + path).c_str(), &st) != 0)
        return std::nullopt;
    return FileId{static_cast<std::uint32_t>(major(st.st_dev) << 20 | minor(st.st_dev)), st.st_ino};
}

Result<std::string> RecordedHost::read_file(const std::string& path) const {
    const auto found = files.find(path);
    if (found == files.end()) return Error{"cannot read " + path + ": not in the recording", ENOENT};
    return found->second;
}

Result<std::string> RecordedHost::read_file_below(const std::string& directory,
                                                  const std::string& path) const {
    return read_file((directory == "/" ? std::string() : directory) + path);
}

std::vector<std::string> RecordedHost::list(const std::string& path) const {
    std::set<std::string> names;
    const std::string prefix = path + "/";
    for (const auto* map : {&files, &links})
        for (const auto& [name, text] : *map)
            if (name.starts_with(prefix))
                names.insert(name.substr(prefix.size(), name.find('/', prefix.size()) - prefix.size()));
    return {names.begin(), names.end()};
}

std::string RecordedHost::link(const std::string& path) const {
    const auto found = links.find(path);
    return found == links.end() ? std::string() : found->second;
}

std::optional<FileId> RecordedHost::identify(const std::string& path) const {
    const auto found = ids.find(path);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace whodid
