// SPDX-License-Identifier: Apache-2.0
// What a recording takes along of the host.
#include "app/host_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <unordered_set>

#include "enrich/auth.h"
#include "enrich/mask.h"
#include "enrich/passwd.h"

namespace whodid {

namespace {

/// Calls f(line) for each line, without its end.
template <class F>
void for_each_line(std::string_view text, F f) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        f(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// The last field is the file system's options, which may hold passwords, and so may a source that is a URL.
std::string mounts(const Host& host) {
    std::string out;
    const auto text = host.read_file("/proc/self/mountinfo");
    for_each_line(text ? std::string_view(*text) : std::string_view(), [&](std::string_view line) {
        std::string kept(line.substr(0, line.rfind(' ')));
        mask_url(kept);
        out += kept + '\n';
    });
    return out;
}

std::string logind_session(std::string_view text) {
    constexpr std::array<std::string_view, 15> kKept = {
        "UID", "USER", "ACTIVE", "STATE", "REMOTE", "REMOTE_HOST", "SERVICE", "TYPE",
        "TTY", "SEAT", "CLASS",  "SCOPE", "LEADER", "AUDIT",       "REALTIME"};
    std::string out;
    for_each_line(text, [&](std::string_view line) {
        if (std::ranges::find(kKept, line.substr(0, line.find('='))) == kKept.end()) return;
        out.append(line).push_back('\n');
    });
    return out;
}

/// The sockets of one process, and their lines in its tables of TCP connections.
void add_connections(const Host& host, const std::string& process, RecordedHost& snapshot) {
    std::unordered_set<std::string> inodes;
    for (const std::string& fd : host.list(process + "/fd")) {
        const std::string path = fmt::format("{}/fd/{}", process, fd), target = host.link(path);
        constexpr std::string_view kSocket = "socket:[";
        if (!target.starts_with(kSocket)) continue;
        inodes.insert(target.substr(kSocket.size(), target.size() - kSocket.size() - 1));
        snapshot.links[path] = target;
    }
    if (inodes.empty()) return;
    for (const char* table : {"/net/tcp", "/net/tcp6"}) {
        const auto text = host.read_file(process + table);
        std::string kept;
        for_each_line(text ? std::string_view(*text) : std::string_view(), [&](std::string_view line) {
            const bool ours = std::ranges::any_of(inodes, [&](const std::string& inode) {
                return line.find(' ' + inode + ' ') != std::string_view::npos;
            });
            if (ours) kept.append(line).push_back('\n');
        });
        if (!kept.empty()) snapshot.files[process + table] = kept;
    }
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_sshd(std::string_view exe) { return exe.substr(exe.rfind('/') + 1).starts_with("sshd"); }

}  // namespace

std::string passwd_snapshot(const Host& host) {
    std::string out;
    if (const auto text = host.read_file("/etc/passwd"); text)
        for (const PasswdEntry& user : parse_passwd(*text).entries) out += format_passwd(user);
    return out;
}

std::string group_snapshot(const Host& host) {
    std::string out;
    if (const auto text = host.read_file("/etc/group"); text)
        for (const GroupEntry& group : parse_group(*text).entries)
            out += fmt::format("{}:x:{}:\n", group.name, group.gid);
    return out;
}

RecordedHost snapshot_host(const Host& host) {
    RecordedHost snapshot;
    snapshot.files["/etc/passwd"] = passwd_snapshot(host);
    snapshot.files["/etc/group"] = group_snapshot(host);
    snapshot.files["/proc/self/mountinfo"] = mounts(host);
    const std::string sessions = "/run/systemd/sessions";
    for (const std::string& name : host.list(sessions))
        if (const auto text = host.read_file(fmt::format("{}/{}", sessions, name)); text && is_number(name))
            snapshot.files[fmt::format("{}/{}", sessions, name)] = logind_session(*text);
    for (const std::string& pid : host.list("/proc"))
        if (const std::string process = "/proc/" + pid;
            is_number(pid) && is_sshd(host.link(process + "/exe")))
            add_connections(host, process, snapshot);
    for (const std::string& path : TrustedPrograms::paths())
        if (const auto id = host.identify(path)) snapshot.ids[path] = *id;
    return snapshot;
}

}  // namespace whodid
