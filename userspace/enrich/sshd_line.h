// SPDX-License-Identifier: Apache-2.0
// One line that sshd wrote to the system log, parsed: login method, key, client address and port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

enum class SshdKind : std::uint8_t {
    kAccepted,     // "Accepted publickey for alice from 198.51.100.7 port 58932 ssh2: ED25519 SHA256:..."
    kFailed,       // "Failed password for invalid user bob from ..."
    kMaxAttempts,  // "maximum authentication attempts exceeded for alice from ..."
    kInvalidUser,  // "Invalid user bob from 198.51.100.7 port 58932"
    kNotAllowed,   // "User alice from 198.51.100.7 not allowed because listed in DenyUsers"
    kRootRefused,  // "ROOT LOGIN REFUSED FROM 198.51.100.7 port 58932"
    kConnection,   // "Connection from 198.51.100.7 port 58932 on 192.0.2.1 port 22" (LogLevel VERBOSE)
    kConnectionClosed,  // "Connection closed by authenticating user alice 198.51.100.7 port 58932 [preauth]"
    kConnectionReset,   // "Connection reset by ..."
    kDisconnected,      // "Disconnected from user alice 198.51.100.7 port 58932"
    kDisconnecting,     // "Disconnecting authenticating user alice ...: Too many authentication failures"
    kReceivedDisconnect,  // "Received disconnect from 198.51.100.7 port 58932:11: disconnected by user"
    kUserChild,           // "User child is on pid 4102": the process that serves the login (VERBOSE)
    kSessionStart,        // "Starting session: shell on pts/0 for alice from ... id 0" (VERBOSE)
    kSessionClose,        // "Close session: user alice from ... id 0" (VERBOSE)
};

/// One line. Text that the line does not carry is empty. A user name or key id is what the client sent: any
/// bytes, for a failed login perhaps a password.
struct SshdLine {
    SshdKind kind = SshdKind::kFailed;
    std::string method;         // "publickey", "password", "keyboard-interactive/pam", "none"
    std::string user;           // sshd logs at most 100 bytes of it
    bool invalid_user = false;  // sshd called the account invalid: unknown, or not allowed in
    std::string address;        // the client's, as logged; empty when sshd did not know ("UNKNOWN")
    std::uint16_t port = 0;     // the client's; 0 when not in the line

    std::string key_type;     // "ED25519", "ED25519-CERT", "ECDSA-SK"
    std::string fingerprint;  // "SHA256:..."
    std::string cert_id;      // the key id that the authority wrote into the certificate, "alice@corp"
    std::optional<std::uint64_t> cert_serial;
    std::string ca_key_type;
    std::string ca_fingerprint;
    std::string method_info;  // gssapi: "alice@EXAMPLE.ORG"; hostbased: client user "..", client host ".."

    std::string session;  // kSessionStart: "shell", "command", "subsystem 'sftp'", "forced-command ..."
    std::string tty;      // kSessionStart: "pts/0"
    std::string reason;   // kNotAllowed, kDisconnecting, kReceivedDisconnect
    std::uint32_t child_pid = 0;  // kUserChild, in sshd's pid namespace
    bool preauth = false;         // written by the part of sshd that runs before the login
    bool ambiguous = false;       // crafted: a second address can be read out of the line

    std::string tag;                       // "sshd", "sshd-session", "sshd-auth"
    std::uint32_t pid = 0;                 // as written in the line, 0 when absent
    std::optional<std::uint8_t> facility;  // syslog.h numbers: 4 auth, 10 authpriv
    std::optional<std::uint8_t> severity;  // 3 err, 6 info, 7 debug
};

/// Parses one datagram to /dev/log or one line of a log file: "<PRI>", timestamp (RFC 3164 or RFC 3339) and
/// host name are optional. Message formats are those of OpenSSH 9.2 to 10 (auth.c, auth2.c, packet.c,
/// session.c, monitor.c), whose syslog output is encoded by vis(3); names are decoded again.
///
/// Names may hold blanks and " from 203.0.113.9 port 1 ssh2": an account that was let in exists and is taken
/// up to the first address that fits, any other name up to the last.
///
/// nullopt for anything else, "Accepted key" and "Postponed" included: they are no outcome. Linear in the
/// size of `text`; the result is no longer than it.
std::optional<SshdLine> parse_sshd_line(std::string_view text);

}  // namespace whodid
