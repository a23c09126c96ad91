// SPDX-License-Identifier: Apache-2.0
// The actor: who did it. Immutable snapshots, so that an older event never shows a later state.
#pragma once

#include <whodid/record.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "event/shared_path.h"

namespace whodid {

/// How a fact is known, from the best source to none.
enum class Basis : std::uint8_t { kAbsent, kKernel, kPam, kLog, kInferred, kUnknown };

constexpr std::string_view basis_name(Basis basis) {
    constexpr std::string_view kNames[] = {"", "kernel", "pam", "log", "inferred", "unknown"};
    return kNames[static_cast<std::size_t>(basis)];
}

/// What says who logged in, beyond the account.
enum class PersonBasis : std::uint8_t { kLogin, kCertificate, kOwnCertificate, kKeyComment, kMap };

constexpr std::string_view person_basis_name(PersonBasis basis) {
    constexpr std::string_view kNames[] = {"login", "certificate", "own_certificate", "key_comment", "map"};
    return kNames[static_cast<std::size_t>(basis)];
}

/// Who uses an account. With kLogin nobody knows better than a login: this one where `id` is empty.
struct Person {
    std::string id;
    PersonBasis basis = PersonBasis::kLogin;
    std::string serial, authority;  // of a certificate: its number, and the fingerprint of who signed it

    /// An authority or the administrator says so; what the account's own files say is a claim.
    bool is_vouched_for() const { return basis == PersonBasis::kCertificate || basis == PersonBasis::kMap; }
};

/// A login, as far as it is known at one moment.
struct Session {
    std::string id;  // audit's number in decimal; empty where the kernel has none
    Id128 entity;    // hash(boot, session), or the leader process' entity id
    std::uint32_t audit_session = REC_UNSET;
    std::uint32_t login_uid = REC_UNSET;
    std::string login_user;
    Person person;
    std::string service;  // sshd, login, cron, ...
    std::uint64_t since_ns = 0;

    std::string origin_type;  // ssh, console, cron, at, systemd, container, container-exec, local, unknown
    std::string address, method, key, terminal;
    std::uint16_t port = 0;
    std::string outer;  // id of the session on this host that it was opened from, and how that got there
    std::shared_ptr<const std::vector<std::string>> outer_chain;
    Basis origin_basis = Basis::kUnknown;
    Basis method_basis = Basis::kAbsent;
};

/// Names by the host's number of an account or group.
using AccountNames = std::unordered_map<std::uint32_t, std::string>;

/// A container's own accounts and directories, as a process in its mount namespace sees them.
struct ContainerView {
    std::uint32_t mount_ns = 0;
    AccountNames users, groups;
    std::vector<SharedDirectory> directories;  // deepest first
};

/// A container, as far as it is known at one moment. What a runtime's state tells comes later, or never.
struct Container {
    std::uint64_t number = 0;  // in the sensor's count
    std::string id, runtime;   // of the cgroup path
    std::string name, image;
    std::string pod_name, pod_namespace, pod_uid;
    std::shared_ptr<const ContainerView> view;  // null: not known
};

/// The rights a thread acts with: struct cred's eight ids in the kernel's order.
struct Credentials {
    std::uint32_t uid = REC_UNSET, gid = REC_UNSET, suid = REC_UNSET, sgid = REC_UNSET;
    std::uint32_t euid = REC_UNSET, egid = REC_UNSET, fsuid = REC_UNSET, fsgid = REC_UNSET;
    bool operator==(const Credentials&) const = default;
};

/// One step from the login to now: "alice:bash[4102]", "sudo[4131]".
using Chain = std::vector<std::string>;

constexpr std::size_t kActorFragments = 16;

/// A process, as it was when it acted.
struct Process {
    std::uint32_t pid = 0, parent_pid = 0;  // in the initial pid namespace
    std::uint64_t start_ns = 0;
    Id128 entity, parent_entity;
    std::string exe;  // resolved path; empty for kernel threads and where unknown
    std::string tty;
    std::uint64_t exe_inode = 0;
    std::uint32_t exe_dev = 0;

    Credentials credentials;
    std::uint64_t cap_effective = 0;
    std::string effective_user, real_user, saved_user, effective_group;

    std::uint32_t login_uid = REC_UNSET, audit_session = REC_UNSET;
    std::string login_user;
    Basis user_basis = Basis::kUnknown;
    std::shared_ptr<const Session> session;  // null outside any login
    std::shared_ptr<const Chain> chain;      // null when there is no login to start from
    std::uint32_t chain_uid = REC_UNSET;  // whose rights its last link stands for; unset: a set-id program's

    std::uint32_t mount_ns = 0, user_ns = 0, net_ns = 0, task_flags = 0;
    std::string cgroup;
    std::shared_ptr<const Container> container;  // null: on the host
    std::shared_ptr<const Session> entry;        // how it came into it, for those who have no login
    bool apart = false;                          // its files and accounts are the container's, not the host's
    bool forked = false;                         // and has not called exec since
    bool known = true;  // false: made from a record alone, its fork and exec were never seen

    std::string_view exe_name() const {
        const std::string_view path = exe;
        return path.substr(path.rfind('/') + 1);
    }

    /// What its mount namespace is like; null where that is not known, and for the host's.
    const ContainerView* view() const {
        const bool is_of_it = apart && container && container->view && container->view->mount_ns == mount_ns;
        return is_of_it ? container->view.get() : nullptr;
    }

    /// The actor's part of a line, rendered once and copied into every event of this snapshot. Written on the
    /// pump only, before the event is handed on.
    mutable std::array<std::string, kActorFragments> fragments;
    mutable std::array<bool, kActorFragments> rendered{};
};

}  // namespace whodid
