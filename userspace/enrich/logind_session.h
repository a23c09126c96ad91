// SPDX-License-Identifier: Apache-2.0
// One file of /run/systemd/sessions, parsed: who was logged in, from where, before the sensor started.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// The fields that logind saved; what it did not is empty.
struct LogindSession {
    std::uint32_t uid = 0;
    std::string user;
    bool active = false;
    std::string state;  // "active", "online", "closing"
    bool remote = false;
    std::string remote_host;  // what PAM_RHOST said: an address or a name
    std::string remote_user;
    std::string service;        // the PAM service: "sshd", "login"
    std::string type;           // "tty", "x11", "wayland", "unspecified"
    std::string session_class;  // CLASS: "user", "greeter", "background", "manager"
    std::string tty;            // "pts/0", "tty1"
    std::string seat;
    std::string scope;                    // "session-4.scope"
    std::optional<std::uint32_t> leader;  // pid of the process that asked for the session
    std::optional<std::uint32_t>
        audit_session;                          // AUDIT; logind's unset values, 0 and 4294967295, are nullopt
    std::optional<std::uint64_t> realtime_us;   // start, microseconds since the epoch
    std::optional<std::uint64_t> monotonic_us;  // start, CLOCK_MONOTONIC
};

/// `text` is the whole file: KEY=VALUE lines (logind-session.c, session_save; systemd 219 to 257), a value
/// bare or in quotes, with C-style escapes (\n, \", \\, \303, \x41). A key that comes twice: the last one
/// counts, as systemd's parse_env_file has it. nullopt without a valid UID: half a file, or none. Linear,
/// output bounded by input.
std::optional<LogindSession> parse_logind_session(std::string_view text);

}  // namespace whodid
