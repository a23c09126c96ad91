// SPDX-License-Identifier: Apache-2.0
// Opening programs. Whoever made the file may want the reader to hang, or to read something else.
#include "enrich/program_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace whodid {

namespace {

// Not in linux/magic.h.
constexpr std::uint32_t kXfs = 0x58465342, kZfs = 0x2fc12fc1, kVfat = 0x4d44, kExfat = 0x2011bab0,
                        kNtfs3 = 0x7366746e, kUdf = 0x15013346, kBcachefs = 0xca451a4e;

/// Those that ask nobody outside the kernel before they answer.
bool is_local(std::uint32_t file_system) {
    constexpr std::uint32_t kLocal[] = {EXT4_SUPER_MAGIC,
                                        BTRFS_SUPER_MAGIC,
                                        F2FS_SUPER_MAGIC,
                                        TMPFS_MAGIC,
                                        RAMFS_MAGIC,
                                        OVERLAYFS_SUPER_MAGIC,
                                        SQUASHFS_MAGIC,
                                        EROFS_SUPER_MAGIC_V1,
                                        ISOFS_SUPER_MAGIC,
                                        NILFS_SUPER_MAGIC,
                                        REISERFS_SUPER_MAGIC,
                                        HUGETLBFS_MAGIC,
                                        kXfs,
                                        kZfs,
                                        kVfat,
                                        kExfat,
                                        kNtfs3,
                                        kUdf,
                                        kBcachefs};
    return std::ranges::find(kLocal, file_system) != std::end(kLocal);
}

/// Of these stat(2) tells another device than the file system itself has.
bool has_own_devices(std::uint32_t file_system) {
    return file_system == BTRFS_SUPER_MAGIC || file_system == OVERLAYFS_SUPER_MAGIC;
}

/// What is known of the file already is not asked for again: a file system of FUSE might never answer.
bool is_version(int fd, const FileVersion& version, std::uint32_t file_system) {
    struct statx st {};
    constexpr unsigned kAsked = STATX_TYPE | STATX_INO | STATX_CTIME | STATX_SIZE;
    if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kAsked, &st) != 0 || !S_ISREG(st.stx_mode))
        return false;
    const std::uint64_t ctime_ns =
        static_cast<std::uint64_t>(st.stx_ctime.tv_sec) * 1'000'000'000 + st.stx_ctime.tv_nsec;
    return st.stx_ino == version.id.inode && ctime_ns == version.ctime_ns && st.stx_size == version.size &&
           (has_own_devices(file_system) || (st.stx_dev_major << 20 | st.stx_dev_minor) == version.id.dev);
}

/// By names that are in the kernel's cache, and no links: what was just started is, and a directory that
/// somebody has since put in its place, which may never answer, is not. Kernels before 5.12 cannot do that.
Fd open_cached(const std::string& path) {
    open_how how{};
    how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_CACHED | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return Fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

}  // namespace

/// Found by O_PATH first, which touches nothing. O_NONBLOCK: whoever holds a lease on it is not waited for.
std::optional<ProgramFile> ProgramFile::open(const ProgramPlace& place) {
    if (!is_local(place.file_system)) return std::nullopt;
    Fd found(::open(fmt::format("/proc/{}/exe", place.pid).c_str(), O_PATH | O_CLOEXEC));
    const bool by_process = found.valid() && is_version(found.get(), place.version, place.file_system);
    Fd named = place.path.starts_with('/') ? open_cached(place.path) : Fd();
    const bool on_host = named.valid() && is_version(named.get(), place.version, place.file_system);
    if (!by_process && !on_host) return std::nullopt;
    if (!by_process) found = std::move(named);
    Fd readable(::open(fmt::format("/proc/self/fd/{}", found.get()).c_str(),
                       O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!readable.valid()) return std::nullopt;
    return ProgramFile(std::move(readable), place, on_host);
}

bool ProgramFile::is_same() const { return is_version(fd_.get(), version_, file_system_); }

}  // namespace whodid
