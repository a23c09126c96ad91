// SPDX-License-Identifier: Apache-2.0
// The sensors of one host.
#include "app/sensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <whodid/limits.h>

#include <charconv>

#include "base/fd.h"
#include "base/host.h"

namespace whodid {

SensorList::SensorList(std::string directory) : directory_(std::move(directory)) {
    ::mkdir(directory_.c_str(), 0755);
    file_ = file_of(static_cast<std::uint32_t>(::getpid()));
    const Fd file(::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file.valid()) file_.clear();
}

SensorList::~SensorList() {
    if (!file_.empty()) ::unlink(file_.c_str());
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
