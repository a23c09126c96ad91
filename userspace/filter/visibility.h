// SPDX-License-Identifier: Apache-2.0
// Visibility: what trace shows when nobody says which kinds. Naming a kind shows all of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "event/event.h"

namespace whodid {

inline bool is_any(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

/// What the process table knows beyond one event.
struct Lineage {
    /// Whether a process is, or descends from, a process with this number.
    std::function<bool(const Process&, std::uint32_t)> descends;
    /// Null when not known.
    std::function<std::shared_ptr<const Process>(const Process&)> parent;
};

/// Logins, privilege, programs, changes, connections, denied and failed acts, and the reading of watched
/// files. Not: fork, exit and what else the table marks as hidden; reads, but for watched files by programs
/// whose trade it is not; files that were not found; what login programs do to prepare a login; the sockets
/// that libraries connect to by themselves; what another line says already (a successful login's
/// auth.attempt, sudo's identity.change); sessions of cron and systemd.
bool shown_by_default(const Event& event, const Lineage& lineage);

/// Whether a failure to open a file to read it may be shown by default, by its errno.
bool is_open_failure_shown(int error);

/// Programs of the host itself that begin logins: sshd, login, cron, a display manager.
bool is_login_program(const Process& process);
/// Programs of the host itself that run another one with more or other rights: sudo, su.
bool lends_rights(const Process& process);

/// Files whose reading is an event of its own: credentials, keys, sudoers.
bool is_watched_path(std::string_view path);

/// Whether a program at this path, of the host itself, reads this watched file by trade: sudo its sudoers,
/// unix_chkpwd the shadow file.
bool reads_by_trade(std::string_view exe, std::string_view path);

}  // namespace whodid
