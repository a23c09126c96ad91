// SPDX-License-Identifier: Apache-2.0
// What each profile keeps.
#include "filter/profile.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <utility>

#include "event/kinds.h"

namespace whodid {

namespace {

constexpr std::size_t kRemembered = 8192;  // of shells, of programs of services, of peers

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

bool is_shell(const Process& p) {
    return is_one_of(p.exe_name(), {"sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "ash",
                                    "busybox", "nu", "xonsh", "pwsh"});
}

bool is_downloader(const Process& p) {
    return is_one_of(p.exe_name(), {"curl", "wget", "wget2", "aria2c", "nc", "ncat", "nc.openbsd",
                                    "nc.traditional", "socat", "ftp", "tftp", "scp", "sftp", "rsync"});
}

/// What hands a person a shell of their own, beside logins and what lends rights.
bool opens_terminals(const Process& p) {
    return is_one_of(p.exe_name(), {"tmux", "screen", "script", "xterm", "gnome-terminal-server", "konsole",
                                    "kitty", "alacritty", "foot", "mosh-server"});
}

/// Whether somebody logged in, and no timer or service manager in their name.
bool is_person(const Process& p) {
    if (p.login_uid == REC_UNSET) return false;
    return !p.session || !is_one_of(p.session->origin_type, {"cron", "at", "systemd"});
}

bool is_loopback(const rec_net& r) {
    static constexpr std::uint8_t kOwn[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (r.family == AF_INET) return r.peer[0] == 127;
    if (std::memcmp(r.peer, kMapped, sizeof kMapped) == 0) return r.peer[12] == 127;
    return std::memcmp(r.peer, kOwn, sizeof kOwn) == 0;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    a ^= b + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2);
    return a * 0xbf58476d1ce4e5b9ull;
}

std::uint64_t hash(std::string_view text) { return std::hash<std::string_view>()(text); }

std::uint64_t key_of(const Process& p) { return mix(p.start_ns, p.pid); }

/// A shell that was given nothing to run: it asks somebody. `arguments`: each followed by NUL.
bool asks_for_commands(std::string_view arguments) {
    const std::size_t own_name = arguments.find('\0');
    if (own_name == arguments.npos) return true;
    for (std::string_view rest = arguments.substr(own_name + 1); !rest.empty();) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        const std::string_view word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!word.starts_with('-')) return false;                                  // a script
        if (!word.starts_with("--") && word.find('c') != word.npos) return false;  // -c COMMAND
    }
    return true;
}

bool writes(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (kind != REC_FILE_OPEN) return is_file(kind) && kind != REC_FILE_MAP;
    return (event.as<rec_file>().open_flags & O_ACCMODE) != O_RDONLY;
}

}  // namespace

std::string_view profile_name(Profile profile) {
    constexpr std::string_view kNames[] = {"quiet", "standard", "forensic"};
    return kNames[static_cast<std::size_t>(profile)];
}

// ---- what was first ---------------------------------------------------------------------------------------

const Id128* FirstTimes::find(std::uint64_t key) {
    if (const auto found = young_.find(key); found != young_.end()) return &found->second;
    const auto found = old_.find(key);
    if (found == old_.end()) return nullptr;
    auto kept = old_.extract(found);
    make_room();
    return &young_.insert(std::move(kept)).position->second;
}

bool FirstTimes::has(std::uint64_t key) { return find(key) != nullptr; }

void FirstTimes::put(std::uint64_t key) {
    if (find(key)) return;
    make_room();
    young_.try_emplace(key);
}

bool FirstTimes::is_first(std::uint64_t key, const Event& event) {
    const Id128 id = event.closes_fold ? event.first_id() : event.id();
    if (const Id128* first = find(key)) return *first == id;
    make_room();
    young_.emplace(key, id);
    return true;
}

void FirstTimes::make_room() {
    if (young_.size() >= at_most_) old_ = std::exchange(young_, {});
}

// ---- the profiles -----------------------------------------------------------------------------------------

ProfileRules::ProfileRules(Profile profile, Lineage lineage)
    : profile_(profile),
      lineage_(std::move(lineage)),
      shells_(kRemembered),
      programs_(kRemembered),
      peers_(kRemembered) {}

bool ProfileRules::keeps(const Event& event) {
    switch (profile_) {
        case Profile::kForensic:
            return true;
        case Profile::kStandard:
            return shown_by_default(event, lineage_);
        case Profile::kQuiet:
            return is_quiet(event);
    }
    return true;
}

bool ProfileRules::is_quiet(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (kind == REC_PROCESS_EXEC) {
        note_shell(event);
        if (!event.process || !shown_by_default(event, lineage_)) return false;
        return is_typed(event) || is_new_to_service(event);
    }
    if (kind == REC_NETWORK_CONNECT) return is_new_peer(event);
    const bool is_process = kind < REC_FILE_OPEN,
               is_network = kind >= REC_NETWORK_CONNECT && kind < REC_AUTH_ATTEMPT;
    if (is_process || is_network) return false;
    if (kind == REC_FILE_MOUNT || kind == REC_FILE_UMOUNT) return shown_by_default(event, lineage_);
    if (is_file(kind)) return !event.tags.empty() && writes(event) && shown_by_default(event, lineage_);
    return shown_by_default(event, lineage_);
}

/// Started by a person's shell that asks for commands, by the login itself, or with rights lent. A script's
/// commands and a compiler's helpers are not: the line of the script or of make stands for them.
bool ProfileRules::is_typed(const Event& event) {
    const Process& p = *event.process;
    if (!is_person(p) || !lineage_.parent || event.error() == ENOENT) return false;
    const auto parent = lineage_.parent(p);
    if (!parent) return false;
    if (is_login_program(*parent) || lends_rights(*parent)) return true;
    if (!is_shell(*parent)) return false;
    if (shells_.has(key_of(*parent)) || parent->pid == event.record->task.session_leader) return true;
    const auto above = lineage_.parent(*parent);
    return above && (is_login_program(*above) || lends_rights(*above) || opens_terminals(*above));
}

/// A service that runs a shell, a downloader or a program this host has not seen: the first time.
bool ProfileRules::is_new_to_service(const Event& event) {
    const Process& p = *event.process;
    if (p.login_uid != REC_UNSET || event.failed()) return false;
    if (!is_shell(p) && !is_downloader(p) && !event.is_first_run.value_or(false)) return false;
    const std::string_view service =
        p.container ? std::string_view(p.container->id) : std::string_view(p.cgroup);
    return programs_.is_first(mix(hash(service), hash(p.exe)), event);
}

/// Where this person, or this account of a service, has not been with this program before.
bool ProfileRules::is_new_peer(const Event& event) {
    const auto& r = event.as<rec_net>();
    if ((r.family != AF_INET && r.family != AF_INET6) || !event.process) return false;
    if (!shown_by_default(event, lineage_) || is_loopback(r)) return false;
    const Process& p = *event.process;
    const std::uint64_t who =
        p.login_uid != REC_UNSET ? p.login_uid : std::uint64_t{p.credentials.euid} << 32;
    const std::string_view address(reinterpret_cast<const char*>(r.peer), sizeof r.peer);
    return peers_.is_first(mix(mix(mix(who, hash(p.exe)), hash(address)), r.peer_port), event);
}

void ProfileRules::note_shell(const Event& event) {
    const auto& r = event.as<rec_exec>();
    if (!event.process || event.failed() || r.tty.len == 0) return;
    const Process& p = *event.process;
    if (is_shell(p) && is_person(p) && asks_for_commands(event.text(r.argv))) shells_.put(key_of(p));
}

}  // namespace whodid
