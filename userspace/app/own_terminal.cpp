// SPDX-License-Identifier: Apache-2.0
// What belongs to the showing itself.
#include "app/own_terminal.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace whodid {

namespace {

constexpr std::uint32_t kPtsMajor = 136;  // Documentation/admin-guide/devices.txt: Unix98 PTY slaves

struct StatusFile {
    std::uint32_t parent = 0, terminal_major = 0, terminal_minor = 0;
    std::uint64_t start_ticks = 0;
};

/// proc_pid_stat(5): after the name, which may hold anything, come state, ppid, pgrp, session, tty_nr, …;
/// starttime is the 22nd of all.
std::optional<StatusFile> status_of(const Host& host, std::uint32_t pid) {
    const auto text = host.read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!text) return std::nullopt;
    const std::size_t name_end = text->rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text->substr(name_end + 1));
    std::string state, skipped;
    std::uint32_t group = 0, session = 0, device = 0;
    StatusFile status;
    fields >> state >> status.parent >> group >> session >> device;
    constexpr int kBetween = 14;  // tpgid to itrealvalue
    for (int i = 0; i < kBetween; ++i) fields >> skipped;
    fields >> status.start_ticks;
    if (!fields) return std::nullopt;
    status.terminal_major = device >> 8 & 0xfff;
    status.terminal_minor = (device & 0xff) | (device >> 12 & 0xfff00);
    return status;
}

/// Which terminal's master the descriptor is, as its fdinfo tells.
std::optional<std::uint32_t> index_of(const std::string& details) {
    constexpr std::string_view kIndex = "tty-index:\t";
    const std::size_t at = details.find(kIndex);
    if (at == std::string::npos) return std::nullopt;
    const char* digits = details.data() + at + kIndex.size();
    std::uint32_t index = 0;
    const auto parsed = std::from_chars(digits, details.data() + details.size(), index);
    return parsed.ec == std::errc() ? std::optional(index) : std::nullopt;
}

bool holds_master(const Host& host, std::uint32_t pid, const std::vector<std::uint32_t>& terminals) {
    const std::string process = fmt::format("/proc/{}", pid);
    return std::ranges::any_of(host.list(process + "/fd"), [&](const std::string& fd) {
        if (!host.link(fmt::format("{}/fd/{}", process, fd)).ends_with("/ptmx")) return false;
        const auto details = host.read_file(fmt::format("{}/fdinfo/{}", process, fd));
        const auto index = details ? index_of(*details) : std::nullopt;
        return index && std::ranges::find(terminals, *index) != terminals.end();
    });
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
