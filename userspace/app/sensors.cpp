// SPDX-License-Identifier: Apache-2.0
// The sensors of one host.
#include "app/sensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <whodid/limits.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/host.h"

namespace whodid {

namespace {

/// Of a file that its writer noted this in, and locks no more; 0: it is none, or he lives.
std::uint64_t note_of_dead(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    char text[32];
    const ssize_t bytes = file.valid() ? ::read(file.get(), text, sizeof text) : 0;
    std::uint64_t until_ns = 0;
    if (bytes <= 0 || std::from_chars(text, text + bytes, until_ns).ec != std::errc()) return 0;
    if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) return 0;
    return until_ns <= boot_now_ns() ? until_ns : 0;  // else it is of another boot
}

}  // namespace

SensorList::SensorList(std::string directory) : directory_(std::move(directory)) {
    ::mkdir(directory_.c_str(), 0755);
    file_ = file_of(static_cast<std::uint32_t>(::getpid()));
    const Fd file(::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.valid()) file_.clear();
}

SensorList::~SensorList() {
    if (!file_.empty()) ::unlink(file_.c_str());
}

void SensorList::note_told(std::uint64_t until_ns) {
    if (file_.empty()) return;
    if (!note_.valid()) {
        note_ = Fd(::open(file_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
        (void)::flock(note_.get(), LOCK_EX | LOCK_NB);
    }
    const std::string text = fmt::format("{:020}\n", until_ns);
    (void)!::pwrite(note_.get(), text.data(), text.size(), 0);
}

void SensorList::leave_note() { file_.clear(); }

std::uint64_t SensorList::take_notes_of_dead() const {
    std::uint64_t last_ns = 0;
    for (const std::uint32_t pid : listed()) {
        const std::uint64_t until_ns = note_of_dead(file_of(pid));
        if (until_ns != 0) forget(pid);
        last_ns = std::max(last_ns, until_ns);
    }
    return last_ns;
}

void SensorList::forget(std::uint32_t pid) const { ::unlink(file_of(pid).c_str()); }

std::string SensorList::file_of(std::uint32_t pid) const { return fmt::format("{}/{}.pid", directory_, pid); }

std::vector<std::uint32_t> SensorList::listed() const {
    std::vector<std::uint32_t> pids;
    for (const std::string& name : LiveHost().list(directory_)) {
        std::uint32_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc() && std::string_view(end) == ".pid") pids.push_back(pid);
    }
    return pids;
}

std::vector<rec_guard> SensorList::guards(const Processes& processes) const {
    const auto self_pid = static_cast<std::uint32_t>(::getpid());
    const Snapshot self = processes.find_pid(self_pid);
    std::vector<rec_guard> guards = {{self ? self->start_ns : 0, self_pid, 0}};
    if (!self || self->exe_inode == 0) return guards;
    for (const std::uint32_t pid : listed()) {
        const Snapshot other = processes.find_pid(pid);
        if (pid == self_pid || !other || guards.size() == WHODID_GUARDED_MAX) continue;
        if (other->exe_inode == self->exe_inode && other->exe_dev == self->exe_dev)
            guards.push_back({other->start_ns, pid, 0});
    }
    return guards;
}

}  // namespace whodid
