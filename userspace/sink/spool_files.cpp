// SPDX-License-Identifier: Apache-2.0
// A spool's directory.
#include "sink/spool_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/crc32c.h"

namespace whodid {

namespace {

constexpr std::string_view kLaneNames[kLanes] = {"vital-", "rest-"};
constexpr std::string_view kSegmentSuffix = ".seg";
constexpr const char* kLockName = "lock";
constexpr const char* kPositionName = "position";
constexpr std::string_view kPositionMagic("whodid\x1aP", 8);
constexpr std::uint32_t kPositionFormat = 1;

struct PositionSlot {
    char magic[8];
    std::uint32_t format, reserved;
    std::uint64_t generation;
    LanePosition lanes[kLanes];
    std::uint32_t unused, crc;

    std::uint32_t check() const {
        return crc32c({reinterpret_cast<const char*>(this), offsetof(PositionSlot, crc)});
    }
    bool holds() const {
        return std::memcmp(magic, kPositionMagic.data(), sizeof magic) == 0 && check() == crc;
    }
};
static_assert(sizeof(PositionSlot) == 64);

bool parse_segment_name(std::string_view text, SegmentName& name) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (!text.starts_with(kLaneNames[lane])) continue;
        name.lane = static_cast<Lane>(lane);
        text.remove_prefix(kLaneNames[lane].size());
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), name.number, 16);
        return error == std::errc() && std::string_view(end, text.data() + text.size()) == kSegmentSuffix;
    }
    return false;
}

Error spool_error(const std::string& path, std::string_view why, int code) {
    return Error{fmt::format("cannot use {} as a spool: {}", path, why), code};
}

Result<void> check_spool_directory(int fd, const std::string& path) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return spool_error(path, std::strerror(errno), errno);
    if (st.st_uid != ::geteuid())
        return spool_error(path, fmt::format("it belongs to user {}; name a directory of its own", st.st_uid),
                           EACCES);
    if ((st.st_mode & 022) != 0)
        return spool_error(path, "others may write there, and so change what is delivered; chmod 700 it",
                           EACCES);
    return {};
}

Result<Fd> open_spool_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return spool_error(
            path,
            fmt::format("it cannot be made: {}; is the directory above it there?", std::strerror(errno)),
            errno);
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return spool_error(path, std::strerror(errno), errno);
    if (auto checked = check_spool_directory(fd.get(), path); !checked) return checked.error();
    return fd;
}

}  // namespace

std::string SegmentName::text() const {
    return fmt::format("{}{:016x}{}", kLaneNames[static_cast<std::size_t>(lane)], number, kSegmentSuffix);
}

Error SpoolFiles::failed(const std::string& what, const std::string& name, int code) const {
    return Error{fmt::format("cannot {} {}: {}", what, path_of(name), std::strerror(code)), code};
}

Result<SpoolFiles> SpoolFiles::open(const std::string& path) {
    auto directory = open_spool_directory(path);
    if (!directory) return directory.error();
    SpoolFiles files;
    files.path_ = path;
    files.directory_ = std::move(*directory);
    if (auto locked = files.take_lock(); !locked) return locked.error();
    if (auto read = files.read_position(); !read) return read.error();
    return files;
}

Result<void> SpoolFiles::take_lock() {
    lock_ = Fd(::openat(directory_.get(), kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock_.valid()) return failed("open", kLockName, errno);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return failed("lock", kLockName, errno);
    return spool_error(path_, "another process delivers from it; stop that, or name another directory",
                       EBUSY);
}

Result<void> SpoolFiles::read_position() {
    position_file_ =
        Fd(::openat(directory_.get(), kPositionName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!position_file_.valid()) return failed("open", kPositionName, errno);
    struct stat st {};
    const std::string empty(2 * sizeof(PositionSlot), '\0');  // else a full disk would keep it from moving
    if (::fstat(position_file_.get(), &st) == 0 && st.st_size == 0 &&
        ::pwrite(position_file_.get(), empty.data(), empty.size(), 0) < 0)
        return failed("write", kPositionName, errno);
    for (off_t slot = 0; slot < 2; ++slot) {
        PositionSlot read{};
        const ssize_t n =
            ::pread(position_file_.get(), &read, sizeof read, slot * static_cast<off_t>(sizeof read));
        if (n < 0) return failed("read", kPositionName, errno);
        if (n != sizeof read || !read.holds()) continue;
        if (read.format != kPositionFormat)
            return spool_error(path_,
                               fmt::format("its position is of format {}, this program knows {}; run the "
                                           "newer program, or name another directory",
                                           read.format, kPositionFormat),
                               EPROTONOSUPPORT);
        if (read.generation < generation_) continue;
        generation_ = read.generation;
        std::copy(std::begin(read.lanes), std::end(read.lanes), position_.begin());
    }
    return {};
}

Result<void> SpoolFiles::move(const SpoolPosition& position) {
    PositionSlot slot{};
    std::memcpy(slot.magic, kPositionMagic.data(), sizeof slot.magic);
    slot.format = kPositionFormat;
    slot.generation = ++generation_;
    std::copy(position.begin(), position.end(), std::begin(slot.lanes));
    slot.crc = slot.check();
    const off_t at = static_cast<off_t>(generation_ % 2 * sizeof slot);
    const ssize_t n = ::pwrite(position_file_.get(), &slot, sizeof slot, at);
    if (n == sizeof slot) return {};
    return failed("write the position to", kPositionName, n < 0 ? errno : ENOSPC);
}

Result<std::vector<SegmentName>> SpoolFiles::list(std::vector<std::string>& strange) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(
        ::fdopendir(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), ::closedir);
    if (!entries) return failed("list", "", errno);
    std::vector<SegmentName> names;
    while (const dirent* entry = ::readdir(entries.get())) {
        const std::string text = entry->d_name;
        SegmentName name;
        if (text == "." || text == ".." || text == kLockName || text == kPositionName) continue;
        if (parse_segment_name(text, name) && name.text() == text)
            names.push_back(name);
        else
            strange.push_back(text);
    }
    std::sort(names.begin(), names.end(),
              [](const SegmentName& a, const SegmentName& b) { return a.number < b.number; });
    return names;
}

Result<Fd> SpoolFiles::create(const SegmentName& name) const {
    const std::string text = name.text();
    Fd fd(::openat(directory_.get(), text.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.valid()) return failed("create", text, errno);
    return fd;
}

Result<Fd> SpoolFiles::open_segment(const SegmentName& name, bool for_change) const {
    const std::string text = name.text();
    const int flags = (for_change ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    Fd fd(::openat(directory_.get(), text.c_str(), flags));
    struct stat st {};
    if (!fd.valid() || ::fstat(fd.get(), &st) != 0) return failed("open", text, errno);
    if (!S_ISREG(st.st_mode)) return Error{path_of(text) + " is not a regular file", EBADMSG};
    return fd;
}

void SpoolFiles::remove(const SegmentName& name) const {
    ::unlinkat(directory_.get(), name.text().c_str(), 0);
}

Result<void> SpoolFiles::sync(const SegmentName& name) const {
    const auto fd = open_segment(name);
    if (!fd) return fd.error();
    if (::fdatasync(fd->get()) != 0) return failed("sync", name.text(), errno);
    return {};
}

Result<void> SpoolFiles::sync_names() const {
    if (::fsync(directory_.get()) != 0) return failed("sync", "", errno);
    return {};
}

}  // namespace whodid
