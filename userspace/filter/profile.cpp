// SPDX-License-Identifier: Apache-2.0
// What each profile keeps.
#include "filter/profile.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "base/hash.h"
#include "base/ip_address.h"
#include "event/kinds.h"

namespace whodid {

namespace {

constexpr std::size_t kRemembered = 8192;  // of shells, of programs of services, of peers

bool is_shell(const Process& p) {
    return is_any(p.exe_name(), {"sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "ash",
                                 "busybox", "nu", "xonsh", "pwsh"});
}

bool is_downloader(const Process& p) {
    return is_any(p.exe_name(), {"curl", "wget", "wget2", "aria2c", "nc", "ncat", "nc.openbsd",
                                 "nc.traditional", "socat", "ftp", "tftp", "scp", "sftp", "rsync"});
}

/// What hands a person a shell of their own, beside logins and what lends rights.
bool opens_terminals(const Process& p) {
    return is_any(p.exe_name(), {"tmux", "screen", "script", "xterm", "gnome-terminal-server", "konsole",
                                 "kitty", "alacritty", "foot", "mosh-server"});
}

/// Whether somebody logged in, and no timer or service manager in their name.
bool is_person(const Process& p) {
    if (p.login_uid == REC_UNSET) return false;
    return !p.session || !is_any(p.session->origin_type, {"cron", "at", "systemd"});
}

bool is_loopback(const IpAddress& address) {
    static const IpAddress kOwn = *parse_ip("::1");
    return address == kOwn || (address.family == AF_INET && address.bytes[0] == 127);
}

/// A shell that was given nothing to run: it asks somebody. `arguments`: each followed by NUL.
bool asks_for_commands(std::string_view arguments) {
    bool asks = true, is_own_name = true;
    for_each_string(arguments, [&](std::string_view word) {
        if (std::exchange(is_own_name, false)) return;
        const bool is_script = !word.starts_with('-'), is_long = word.starts_with("--");
        asks &= !is_script && (is_long || word.find('c') == word.npos);  // -c COMMAND
    });
    return asks;
}

bool writes(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (kind != REC_FILE_OPEN) return is_file(kind) && kind != REC_FILE_MAP;
    return (event.as<rec_file>().open_flags & O_ACCMODE) != O_RDONLY;
}

}  // namespace

std::string_view profile_name(Profile profile) {
    constexpr std::string_view kProfileNames[] = {"quiet", "standard", "forensic"};
    return kProfileNames[static_cast<std::size_t>(profile)];
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

// ---- what is typed ----------------------------------------------------------------------------------------

TypedCommands::TypedCommands(Lineage lineage) : lineage_(std::move(lineage)), shells_(kRemembered) {}

void TypedCommands::note(const Event& event) {
    const auto& r = event.as<rec_exec>();
    if (!event.process || event.failed() || r.tty.len == 0) return;
    const Process& p = *event.process;
    if (is_shell(p) && is_person(p) && asks_for_commands(event.text(r.argv))) shells_.put(p.entity.low);
}

/// Started by a person's shell that asks for commands, by the login itself, or with rights lent. A script's
/// commands and a compiler's helpers are not: the line of the script or of make stands for them.
bool TypedCommands::has(const Event& event) {
    if (!event.process) return false;
    const Process& p = *event.process;
    if (!is_person(p) || !lineage_.parent || event.error() == ENOENT) return false;
    const auto parent = lineage_.parent(p);
    if (!parent) return false;
    if (is_login_program(*parent) || lends_rights(*parent)) return true;
    if (!is_shell(*parent)) return false;
    if (shells_.has(parent->entity.low) || parent->pid == event.record->task.session_leader) return true;
    const auto above = lineage_.parent(*parent);
    return above && (is_login_program(*above) || lends_rights(*above) || opens_terminals(*above));
}

// ---- the profiles -----------------------------------------------------------------------------------------

ProfileRules::ProfileRules(Profile profile, Lineage lineage)
    : profile_(profile),
      lineage_(std::move(lineage)),
      typed_(lineage_),
      programs_(kRemembered),
      peers_(kRemembered) {}

bool ProfileRules::keeps(const Event& event) {
    if (event.kind->id == REC_PROCESS_EXEC) typed_.note(event);
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
    if (!shown_by_default(event, lineage_)) return false;
    if (kind == REC_PROCESS_EXEC) return event.process && (typed_.has(event) || is_new_to_service(event));
    if (kind == REC_NETWORK_CONNECT) return event.process && is_new_peer(event);
    if (kind == REC_FILE_MOUNT || kind == REC_FILE_UMOUNT) return true;
    if (is_file(kind)) return !event.tags.empty() && writes(event);
    return kind >= REC_AUTH_ATTEMPT;
}

/// A service that runs a shell, a downloader or a program this host has not seen: the first time.
bool ProfileRules::is_new_to_service(const Event& event) {
    const Process& p = *event.process;
    if (p.login_uid != REC_UNSET || event.failed()) return false;
    if (!is_shell(p) && !is_downloader(p) && !event.is_first_run.value_or(false)) return false;
    const std::string_view service =
        p.container ? std::string_view(p.container->id) : std::string_view(p.cgroup);
    return programs_.is_first(hash_numbers(hash_bytes(service), {hash_bytes(p.exe).low}).low, event);
}

/// Where this person, or this account of a service, has not been with this program before.
bool ProfileRules::is_new_peer(const Event& event) {
    const auto& r = event.as<rec_net>();
    const IpAddress peer = make_ip(std::to_array(r.peer), r.family);
    if (peer.family == AF_UNSPEC || is_loopback(peer)) return false;
    const Process& p = *event.process;
    const bool is_by_login = p.login_uid != REC_UNSET;
    const std::string_view address(reinterpret_cast<const char*>(peer.bytes.data()), peer.bytes.size());
    const Id128 key = hash_numbers(
        hash_bytes(p.exe),
        {is_by_login, is_by_login ? p.login_uid : p.credentials.euid, hash_bytes(address).low, r.peer_port});
    return peers_.is_first(key.low, event);
}

}  // namespace whodid
