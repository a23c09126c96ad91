// SPDX-License-Identifier: Apache-2.0
// What belongs to the showing itself.
#include "app/own_terminal.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>

namespace whodid {

namespace {

constexpr std::uint32_t kPtsMajor = 136;  // Documentation/admin-guide/devices.txt: Unix98 PTY slaves

struct Status {
    std::uint32_t parent = 0, terminal_major = 0, terminal_minor = 0;
    std::uint64_t start_ticks = 0;
};

/// proc_pid_stat(5): after the name, which may hold anything, come state, ppid, pgrp, session, tty_nr, …;
/// starttime is the 22nd of all.
std::optional<Status> status_of(const Host& host, std::uint32_t pid) {
    const auto text = host.read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!text) return std::nullopt;
    const std::size_t name_end = text->rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text->substr(name_end + 1));
    std::string state, skipped;
    std::uint32_t group = 0, session = 0, device = 0;
    Status status;
    fields >> state >> status.parent >> group >> session >> device;
    constexpr int kBetween = 14;  // tpgid to itrealvalue
    for (int i = 0; i < kBetween; ++i) fields >> skipped;
    fields >> status.start_ticks;
    if (!fields) return std::nullopt;
    status.terminal_major = device >> 8 & 0xfff;
    status.terminal_minor = (device & 0xff) | (device >> 12 & 0xfff00);
    return status;
}

bool holds_master(const Host& host, std::uint32_t pid, const std::vector<std::uint32_t>& terminals) {
    const std::string process = "/proc/" + std::to_string(pid);
    for (const std::string& fd : host.list(process + "/fd")) {
        if (!host.link(process + "/fd/" + fd).ends_with("/ptmx")) continue;
        const auto details = host.read_file(process + "/fdinfo/" + fd);
        constexpr std::string_view kIndex = "tty-index:";
        const std::size_t at = details ? details->find(kIndex) : std::string::npos;
        if (at == std::string::npos) continue;
        const auto index = static_cast<std::uint32_t>(std::atoi(details->c_str() + at + kIndex.size()));
        if (std::ranges::find(terminals, index) != terminals.end()) return true;
    }
    return false;
}

}  // namespace

std::vector<ProcessStart> showing_processes(const Host& host, std::uint32_t pid,
                                            std::vector<std::uint32_t> terminals) {
    std::vector<ProcessStart> found;
    auto status = status_of(host, pid);
    if (!status) return found;
    found.push_back({pid, status->start_ticks});
    constexpr int kStepsMax = 64;
    for (int i = 0; i < kStepsMax && status && status->parent > 1; ++i) {
        const std::uint32_t parent = status->parent;
        status = status_of(host, parent);
        if (!status || !holds_master(host, parent, terminals)) continue;
        found.push_back({parent, status->start_ticks});
        if (status->terminal_major == kPtsMajor) terminals.push_back(status->terminal_minor);
    }
    return found;
}

std::vector<ProcessStart> own_showing_processes() {
    std::vector<std::uint32_t> terminals;
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        struct stat st {};
        if (::fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == kPtsMajor)
            terminals.push_back(minor(st.st_rdev));
    }
    return showing_processes(LiveHost(), static_cast<std::uint32_t>(::getpid()), terminals);
}

}  // namespace whodid
