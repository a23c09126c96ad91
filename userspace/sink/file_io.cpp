// SPDX-License-Identifier: Apache-2.0
// Reads and writes whole files.
#include "sink/file_io.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/escape.h"

namespace whodid {

namespace {

Error io_error(const char* what, const std::string& path) {
    const int code = errno;
    return Error::from_errno(std::string("cannot ") + what + " " + escape_for_terminal(path), code);
}

/// Asked once: the name service may be slow.
std::optional<gid_t> readers_group() {
    static const auto kGroup = []() -> std::optional<gid_t> {
        std::array<char, 4096> buffer{};
        group entry{};
        group* found = nullptr;
        const bool known = ::getgrnam_r("whodid", &entry, buffer.data(), buffer.size(), &found) == 0;
        return known && found ? std::optional(found->gr_gid) : std::nullopt;
    }();
    return kGroup;
}

}  // namespace

Result<void> write_whole(int fd, std::string_view bytes, std::string_view what, std::size_t* written) {
    std::size_t done = 0;
    Result<void> result;
    while (done < bytes.size() && result) {
        const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (n >= 0)
            done += static_cast<std::size_t>(n);
        else if (errno != EINTR)
            result = Error::from_errno(std::string(what));
    }
    if (written) *written = done;
    return result;
}

Result<void> look_for_room(int fd) {
    constexpr off_t kRoomBytes = 64 << 10;
    struct stat st {};
    if (::fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return {};
    if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, kRoomBytes) == 0) return {};
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR) return {};
    return Error::from_errno("cannot write");
}

Result<Fd> create_file(const std::string& path, mode_t mode) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, mode));
    if (!file.valid()) return io_error("create", path);
    return file;
}

Result<void> lock_file(int fd, const std::string& path, bool waits) {
    if (::flock(fd, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) return io_error("lock", path);
    return {};
}

Result<Fd> create_for_readers(const std::string& path) {
    auto file = create_file(path, 0640);
    if (!file) return file;
    ::fchmod(file->get(), 0640);  // whatever the umask is
    if (const auto group = readers_group()) (void)!::fchown(file->get(), static_cast<uid_t>(-1), *group);
    return file;
}

Result<Fd> open_regular(const std::string& path, int flags) {
    // A FIFO without a writer would make it wait.
    Fd file(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file.valid()) return io_error("open", path);
    struct stat st {};
    if (::fstat(file.get(), &st) != 0) return io_error("open", path);
    if (!S_ISREG(st.st_mode))
        return Error{"cannot open " + escape_for_terminal(path) + ": it is no regular file", EINVAL};
    return file;
}

Result<void> replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());
    {
        auto file = create_file(beside, mode);
        if (!file) return file.error();
        auto written = write_whole(file->get(), bytes);
        if (written && ::fsync(file->get()) != 0) written = Error::from_errno("cannot write");
        if (!written) {
            ::unlink(beside.c_str());
            return Error{written.error().message + " (" + escape_for_terminal(beside) + ")",
                         written.error().code};
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return io_error("replace", path);
    return sync_directory(directory_of(path));
}

Result<void> sync_directory(const std::string& path) {
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid() || ::fsync(directory.get()) != 0) return io_error("sync", path);
    return {};
}

Result<std::string> read_whole(const std::string& path, std::uint64_t bytes_max) {
    auto file = open_regular(path, O_RDONLY);
    if (!file) return file.error();
    const std::uint64_t size = size_of(file->get());
    if (size > bytes_max)
        return Error{"cannot read " + escape_for_terminal(path) + ": it has " + std::to_string(size) +
                         " bytes, more than " + std::to_string(bytes_max),
                     EFBIG};
    auto text = read_at(file->get(), 0, size);
    if (!text) return Error{text.error().message + " " + escape_for_terminal(path), text.error().code};
    return text;
}

std::uint64_t size_of(int fd) {
    struct stat st {};
    return ::fstat(fd, &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
}

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const ssize_t n = ::pread(fd, text.data() + have, bytes - have, static_cast<off_t>(offset + have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("cannot read");
        if (n == 0) return Error{"cannot read all of it: it is shorter than it was", ENODATA};
        have += static_cast<std::size_t>(n);
    }
    return text;
}

std::string directory_of(const std::string& path) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

}  // namespace whodid
