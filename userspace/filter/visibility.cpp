// SPDX-License-Identifier: Apache-2.0
// What trace shows when nobody says which kinds.
#include "filter/visibility.h"

#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/file_name.h"
#include "base/glob.h"
#include "event/kinds.h"

namespace whodid {

namespace {

using Names = std::initializer_list<std::string_view>;

using Globs = std::vector<Glob>;

Globs make_globs(Names patterns) { return {patterns.begin(), patterns.end()}; }

bool matches(std::string_view text, const Globs& globs) {
    return std::ranges::any_of(globs, [&](const Glob& glob) { return glob.matches(text); });
}

/// The host's own program of that name; paths in a container mean other files.
bool is_program(const Process& p, Names names) {
    return !p.container && is_system_path(p.exe) && is_any(p.exe_name(), names);
}

bool is_sshd(const Process& p) { return is_program(p, {"sshd", "sshd-session", "sshd-auth"}); }

bool acts_as_itself(const Process& p) {
    return p.login_uid != REC_UNSET && p.credentials.euid == p.login_uid;
}

/// sshd before and beside a login, and what login programs run with their own rights to prepare one (the
/// message of the day): nobody's acts. sshd as the user, who has forwarded a port or moves files by sftp, is
/// the user.
bool prepares_login(const Process& p, const Lineage& lineage) {
    if (acts_as_itself(p)) return false;
    if (is_sshd(p)) return true;
    if (p.login_uid == REC_UNSET || !lineage.parent) return false;
    constexpr int kStepsMax = 8;
    auto parent = lineage.parent(p);
    for (int i = 0; parent && i < kStepsMax; ++i) {
        if (acts_as_itself(*parent)) return false;
        if (is_login_program(*parent)) return true;
        parent = lineage.parent(*parent);
    }
    return false;
}

// ---- authentication, sessions, identity -------------------------------------------------------------------

bool auth_shown(const Event& event) {
    const std::string_view service = event.text(event.as<rec_auth>().service);
    const std::string_view name = base_name(service);
    const bool login =
        is_any(name, {"sshd", "login", "remote", "cron", "crond", "atd", "systemd-user", "sddm"}) ||
        name.starts_with("gdm") || name.starts_with("lightdm");
    return event.failed() || !login;  // session.start says it
}

bool session_shown(const Event& event) {
    return !is_any(base_name(event.text(event.as<rec_session>().service)),
                   {"cron", "crond", "systemd", "systemd-user"});
}

/// The line of the login, of sudo or of su says it, where it is the real one.
bool identity_shown(const Event& event) {
    if (!event.process) return true;
    return !lends_rights(*event.process) && !is_sshd(*event.process);
}

// ---- files ------------------------------------------------------------------------------------------------

struct Watched {
    const char* glob;
    std::array<const char*, 3> trade;  // programs that read it by trade, separated by blanks
};

constexpr const char* kPam =
    "unix_chkpwd sudo su login sshd sshd-session sshd-auth cron crond atd passwd chage chsh chfn newgrp "
    "polkit-agent-helper-1 vlock";
constexpr const char* kAccounts =
    "useradd usermod userdel groupadd groupmod groupdel gpasswd chpasswd pwck grpck vipw systemd-sysusers "
    "systemd-userdbd systemd-userwork";
constexpr const char* kSsh = "sshd sshd-session sshd-auth ssh-keygen";
constexpr const char* kSshClient = "ssh ssh-add ssh-agent scp sftp";

constexpr Watched kWatched[] = {
    {"/etc/shadow", {kPam, kAccounts}},
    {"/etc/gshadow", {kPam, kAccounts}},
    {"/etc/security/opasswd", {kPam}},
    {"/etc/sudoers", {"sudo visudo"}},
    {"/etc/sudoers.d/*", {"sudo visudo"}},
    {"/etc/ssh/ssh_host_*_key", {kSsh}},
    {"*/.ssh/authorized_keys*", {kSsh}},
    {"*/.ssh/id_*.pub", {kSsh, kSshClient}},
    {"*/.ssh/id_*", {kSsh, kSshClient}},
    {"/etc/krb5.keytab", {kSsh, "sssd sssd_be krb5_child ldap_child rpc.gssd"}},
    {"*/.aws/credentials", {"aws"}},
    {"*/.kube/config", {"kubectl helm k9s"}},
    {"*/.docker/config.json", {"docker docker-compose dockerd"}},
    {"*/.netrc", {"curl wget git git-remote-http git-remote-https ftp"}},
    {"*/.pgpass", {"psql pg_dump pg_restore"}},
    {"*/.gnupg/private-keys-v1.d/*", {"gpg-agent gpg"}},
    {"/proc/*/mem", {"gdb strace"}},
};

const Watched* find_watched(std::string_view path) {
    static const auto kGlobs = [] {
        Globs globs;
        for (const Watched& watched : kWatched) globs.emplace_back(watched.glob);
        return globs;
    }();
    const auto found = std::ranges::find_if(kGlobs, [&](const Glob& glob) { return glob.matches(path); });
    return found == kGlobs.end() ? nullptr : &kWatched[found - kGlobs.begin()];
}

bool holds_word(const char* words, std::string_view wanted) {
    if (!words || wanted.empty()) return false;
    const std::string padded = std::string(" ") + words + ' ';
    return padded.find(' ' + std::string(wanted) + ' ') != std::string::npos;
}

bool is_change(std::uint16_t kind) { return is_file(kind) && kind != REC_FILE_OPEN; }

bool file_failure_shown(const Event& event) {
    const int code = event.error();
    const std::uint16_t kind = event.kind->id;
    if (code == ENOENT || code == ENOTDIR) return false;
    if (is_change(kind))
        return !(code == EEXIST && kind == REC_FILE_MKDIR) &&
               !(code == EOPNOTSUPP && kind == REC_FILE_SETXATTR);
    return is_open_failure_shown(code);
}

/// Terminals and /dev/null keep nothing; processes set themselves up in /proc and their cgroup.
bool is_lasting(const Event& event) {
    constexpr std::uint32_t kProc = 0x9fa0, kCgroup = 0x27e0eb, kCgroup2 = 0x63677270;  // linux/magic.h
    const auto& r = event.as<rec_file>();
    static const Globs kOwn = make_globs({"/proc/[0-9]*", "/proc/self/*", "/proc/thread-self/*"});
    const std::uint32_t format = r.mode & S_IFMT;
    if (format == S_IFCHR || format == S_IFIFO || format == S_IFSOCK) return false;
    if (format == 0 && event.path.starts_with("/dev/") && !event.path.starts_with("/dev/shm/")) return false;
    if (r.magic == kProc) return !matches(event.path, kOwn);
    const bool in_cgroup = r.magic == kCgroup || r.magic == kCgroup2;
    return !in_cgroup || (event.process && event.process->login_uid != REC_UNSET);
}

/// Login programs and mesg hand terminals over with each login.
bool is_terminal(std::string_view path) {
    static const Globs kTerminals = make_globs({"/dev/pts/[0-9]*", "/dev/tty*"});
    return matches(path, kTerminals);
}

bool open_shown(const Event& event) {
    if (is_watched_path(event.path))
        return !(event.process && !event.process->container &&
                 reads_by_trade(event.process->exe, event.path));
    const bool writes = (event.as<rec_file>().open_flags & 3) != 0;
    return writes && is_lasting(event);
}

/// Service managers and container runtimes build a tree for each thing they start: binds, and lazy umounts.
/// Of nobody's mounts those of a device are shown, which may be a disk that was put in. Who makes a tree its
/// own (MS_PRIVATE and the like) has mounted nothing.
bool mount_shown(const Event& event) {
    constexpr std::uint32_t kOwn = MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE;
    const auto& r = event.as<rec_mount>();
    const bool is_umount = event.kind->id == REC_FILE_UMOUNT;
    if (!is_umount && r.call_flags & kOwn) return false;
    if (event.process && event.process->login_uid != REC_UNSET) return true;
    if (is_umount) return !(r.call_flags & MNT_DETACH);
    return r.file.dev >> 20 != 0 && !(r.call_flags & (MS_REMOUNT | MS_BIND | MS_MOVE));
}

// ---- network ----------------------------------------------------------------------------------------------

/// Name service, log and bus: libraries connect there on behalf of nearly every program.
bool is_library_socket(std::string_view path) {
    static const Globs kSockets =
        make_globs({"/run/nscd/socket", "/var/run/nscd/socket", "/dev/log", "/run/systemd/journal/*",
                    "/run/systemd/userdb/*", "/run/systemd/notify", "/run/systemd/resolve/*",
                    "/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket", "/run/user/*/bus",
                    "/var/lib/sss/pipes/*"});
    return path.empty() || matches(path, kSockets);
}

/// A question to the name service is network.dns; a datagram socket's port 0 is how a library asks for a
/// route.
bool connect_shown(const Event& event) {
    const auto& r = event.as<rec_net>();
    if (r.family == AF_UNIX) return !is_library_socket(event.text(r.unix_path));
    return r.protocol != IPPROTO_UDP || (r.peer_port != 53 && r.peer_port != 0);
}

}  // namespace

bool is_login_program(const Process& p) {
    return is_sshd(p) || is_program(p, {"login", "cron", "crond", "atd", "systemd-executor",
                                        "gdm-session-worker", "lightdm", "sddm-helper"});
}

bool lends_rights(const Process& p) { return is_program(p, {"sudo", "su", "runuser", "doas", "pkexec"}); }

bool is_open_failure_shown(int error) {
    constexpr int kShown[] = {EACCES, EPERM, EROFS, ETXTBSY, ENOSPC, EDQUOT};
    return std::ranges::find(kShown, error) != std::end(kShown);
}

bool is_watched_path(std::string_view path) { return find_watched(path) != nullptr; }

bool reads_by_trade(std::string_view exe, std::string_view path) {
    const Watched* watched = find_watched(path);
    if (!watched || !is_system_path(exe)) return false;
    return std::ranges::any_of(watched->trade,
                               [&](const char* words) { return holds_word(words, base_name(exe)); });
}

bool shown_by_default(const Event& event, const Lineage& lineage) {
    const std::uint16_t kind = event.kind->id;
    const bool denied = event.record->result == -EACCES || event.record->result == -EPERM;
    switch (kind) {
        case REC_AUTH_ATTEMPT:
            return auth_shown(event);
        case REC_SESSION_START:
        case REC_SESSION_END:
            return session_shown(event);
        case REC_IDENTITY_CHANGE:
            return identity_shown(event);
        default:
            if (kind > REC_AUTH_ATTEMPT) return !event.kind->hidden;
    }
    if (event.kind->hidden && !denied) return false;
    if (event.process && prepares_login(*event.process, lineage)) return false;
    if (event.failed() && is_file(kind)) return file_failure_shown(event);
    if (kind == REC_FILE_OPEN) return open_shown(event);
    if (kind == REC_FILE_TRUNCATE) return is_lasting(event);
    if (kind == REC_FILE_MOUNT || kind == REC_FILE_UMOUNT) return mount_shown(event);
    if (kind == REC_FILE_CHMOD || kind == REC_FILE_CHOWN) return !is_terminal(event.path);
    if (kind == REC_NETWORK_CONNECT) return connect_shown(event);
    return true;
}

}  // namespace whodid
