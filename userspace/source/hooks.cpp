// SPDX-License-Identifier: Apache-2.0
// Which program of the kernel side serves which kinds of event.
#include "source/hooks.h"

#include <whodid/record.h>

#include <algorithm>
#include <iterator>

namespace whodid {

namespace {

template <std::uint16_t... Kinds>
constexpr std::uint16_t kServes[] = {Kinds...};

constexpr auto kOpens = std::span(kServes<REC_FILE_OPEN, REC_FILE_CREATE>);
constexpr auto kRenames = std::span(kServes<REC_FILE_RENAME>);
constexpr auto kLinks = std::span(kServes<REC_FILE_LINK>);
constexpr auto kSymlinks = std::span(kServes<REC_FILE_SYMLINK>);
constexpr auto kMkdirs = std::span(kServes<REC_FILE_MKDIR>);
constexpr auto kChmods = std::span(kServes<REC_FILE_CHMOD>);
constexpr auto kChowns = std::span(kServes<REC_FILE_CHOWN>);
constexpr auto kTruncates = std::span(kServes<REC_FILE_TRUNCATE>);
constexpr auto kAttributes = std::span(kServes<REC_FILE_SETXATTR>);
constexpr auto kModules = std::span(kServes<REC_KERNEL_MODULE>);
constexpr auto kMounts = std::span(kServes<REC_FILE_MOUNT>);
constexpr auto kUmounts = std::span(kServes<REC_FILE_UMOUNT>);
constexpr auto kMaps = std::span(kServes<REC_FILE_MAP>);
constexpr auto kAccepts = std::span(kServes<REC_NETWORK_ACCEPT>);
constexpr auto kHolds = std::span(kServes<REC_PROCESS_PTRACE>);
constexpr auto kIdentities = std::span(kServes<REC_IDENTITY_CHANGE>);
// Messages to audit and to the log are how login programs tell of logins, sudo and account changes.
constexpr auto kToldToAudit =
    std::span(kServes<REC_AUTH_ATTEMPT, REC_AUTH_ACCOUNT, REC_SESSION_START, REC_SESSION_END>);
constexpr auto kMessages = std::span(kServes<REC_NETWORK_SEND, REC_NETWORK_DNS, REC_AUTH_ATTEMPT,
                                             REC_AUTH_ACCOUNT, REC_SESSION_START, REC_SESSION_END>);
constexpr auto kAttempts = std::span(kServes<REC_AUTH_ATTEMPT>);
constexpr auto kSockets = std::span(
    kServes<REC_NETWORK_CONNECT, REC_NETWORK_ACCEPT, REC_NETWORK_BIND, REC_NETWORK_LISTEN, REC_NETWORK_SEND,
            REC_NETWORK_DNS, REC_AUTH_ATTEMPT, REC_AUTH_ACCOUNT, REC_SESSION_START, REC_SESSION_END>);
constexpr auto kUring =
    std::span(kServes<REC_FILE_OPEN, REC_FILE_CREATE, REC_FILE_UNLINK, REC_FILE_RENAME, REC_FILE_LINK,
                      REC_FILE_SYMLINK, REC_FILE_MKDIR, REC_FILE_RMDIR, REC_NETWORK_CONNECT,
                      REC_NETWORK_ACCEPT, REC_NETWORK_BIND, REC_NETWORK_LISTEN>);

// What sets them in the end, whichever call it was.
constexpr std::string_view kCommit = "on_commit_creds";

constexpr HookUse kUses[] = {
    {"on_exec", kServes<REC_PROCESS_EXEC, REC_IDENTITY_CHANGE>, {}},
    {"on_execve", kServes<REC_PROCESS_EXEC>, {}},
    {"on_execveat", kServes<REC_PROCESS_EXEC>, {}},
    {"on_fork", kServes<REC_PROCESS_FORK>, {}},
    {"on_exit", kServes<REC_PROCESS_EXIT, REC_SESSION_END>, {}},
    {"list_tasks", {}, {}},
    {"on_shared_exit", {}, {}},

    {"on_ptrace", kHolds, {}},
    {"on_process_vm_readv", kHolds, {}},
    {"on_process_vm_writev", kHolds, {}},
    {"on_pidfd_getfd", kHolds, {}},
    {"on_signal", kServes<REC_SENSOR_TAMPER>, {}},

    {"on_open", kOpens, {}},
    {"on_openat", kOpens, {}},
    {"on_openat2", kOpens, {}},
    {"on_creat", kOpens, {}},
    {"on_open_by_handle_at", kOpens, {}},
    {"on_unlink", kServes<REC_FILE_UNLINK>, {}},
    {"on_unlinkat", kServes<REC_FILE_UNLINK, REC_FILE_RMDIR>, {}},
    {"on_rmdir", kServes<REC_FILE_RMDIR>, {}},
    {"on_rename", kRenames, {}},
    {"on_renameat", kRenames, {}},
    {"on_renameat2", kRenames, {}},
    {"on_link", kLinks, {}},
    {"on_linkat", kLinks, {}},
    {"on_symlink", kSymlinks, {}},
    {"on_symlinkat", kSymlinks, {}},
    {"on_mkdir", kMkdirs, {}},
    {"on_mkdirat", kMkdirs, {}},
    {"on_chmod", kChmods, {}},
    {"on_fchmod", kChmods, {}},
    {"on_fchmodat", kChmods, {}},
    {"on_fchmodat2", kChmods, {}},
    {"on_chown", kChowns, {}},
    {"on_lchown", kChowns, {}},
    {"on_fchown", kChowns, {}},
    {"on_fchownat", kChowns, {}},
    {"on_chown16", kChowns, {}},
    {"on_lchown16", kChowns, {}},
    {"on_fchown16", kChowns, {}},
    {"on_truncate", kTruncates, {}},
    {"on_ftruncate", kTruncates, {}},
    {"on_truncate64", kTruncates, {}},
    {"on_ftruncate64", kTruncates, {}},
    {"on_setxattr", kAttributes, {}},
    {"on_lsetxattr", kAttributes, {}},
    {"on_fsetxattr", kAttributes, {}},
    {"on_setxattrat", kAttributes, {}},
    {"on_mount", kMounts, {}},
    {"on_move_mount", kMounts, {}},
    {"on_mount_setattr", kMounts, {}},
    {"on_umount", kUmounts, {}},
    {"on_oldumount", kUmounts, {}},
    {"on_mmap", kMaps, {}},
    {"on_mmap2", kMaps, {}},
    {"on_mmap_of_old", kMaps, {}},

    {"on_path_unlink", kServes<REC_FILE_UNLINK>, {}},
    {"on_path_rmdir", kServes<REC_FILE_RMDIR>, {}},
    {"on_path_mkdir", kMkdirs, {}},
    {"on_path_symlink", kSymlinks, {}},
    {"on_path_truncate", kTruncates, {}},
    {"on_path_chmod", kChmods, {}},
    {"on_path_chown", kChowns, {}},
    {"on_path_rename", kRenames, {}},
    {"on_path_link", kLinks, {}},
    {"on_inode_setxattr", kAttributes, {}},

    {"on_bprm_check_security", kServes<REC_PROCESS_EXEC>, {}},

    {"on_tcp_state", kServes<REC_NETWORK_CONNECT, REC_NETWORK_CLOSE>, {}},
    {"on_connect", kServes<REC_NETWORK_CONNECT>, {}},
    {"on_accept", kAccepts, {}},
    {"on_accept4", kAccepts, {}},
    {"on_bind", kServes<REC_NETWORK_BIND>, {}},
    {"on_listen", kServes<REC_NETWORK_LISTEN>, {}},
    {"on_sendto", kMessages, {}},
    {"on_sendmsg", kMessages, {}},
    {"on_sendmmsg", kMessages, {}},
    {"on_netlink_send", kToldToAudit, {}},
    {"on_socketcall", kSockets, {}},

    {"on_setuid", kIdentities, {}, kCommit},
    {"on_setreuid", kIdentities, {}, kCommit},
    {"on_setresuid", kIdentities, {}, kCommit},
    {"on_setgid", kIdentities, {}, kCommit},
    {"on_setregid", kIdentities, {}, kCommit},
    {"on_setresgid", kIdentities, {}, kCommit},
    {"on_capset", kIdentities, {}, kCommit},

    {kCommit, kIdentities, {}},

    {"on_pam_authenticate", kAttempts, {}},
    {"on_pam_authenticate_end", kAttempts, {}},
    {"on_pam_acct_mgmt", kAttempts, {}},
    {"on_pam_acct_mgmt_end", kAttempts, {}},
    {"on_pam_open_session", kAttempts, {}},
    {"on_pam_open_session_end", kAttempts, {}},

    {"on_audit_set_loginuid", kServes<REC_SESSION_START>, {}},
    {"on_module_load", kModules, {}},
    {"on_init_module", kModules, {}},
    {"on_finit_module", kModules, {}},
    {"on_delete_module", kModules, {}},
    {"on_bpf", kServes<REC_KERNEL_BPF>, {}},

    {"on_uring_submit", kUring, "on_uring_submit_sqe"},
    {"on_uring_submit_sqe", kUring, "on_uring_submit"},
    {"on_uring_complete", kUring, {}},
};

}  // namespace

std::span<const HookUse> hook_uses() { return kUses; }

std::string act_of(std::string_view program) {
    for (const std::string_view prefix : {"fexit_", "fentry_", "compat_", "lsm_"})
        if (program.starts_with(prefix)) return "on_" + std::string(program.substr(prefix.size()));
    return std::string(program);
}

const HookUse* find_hook_use(std::string_view program) {
    const auto* found = std::ranges::find(kUses, act_of(program), &HookUse::program);
    return found == std::end(kUses) ? nullptr : found;
}

}  // namespace whodid
