// SPDX-License-Identifier: Apache-2.0
// What a login program told the audit subsystem: the text behind the nlmsghdr of a user message, parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

// Message types: control messages from linux/audit.h, user messages from libaudit.h (audit 3.0.9).
inline constexpr std::uint16_t kAuditSet = 1001;  // status: enabled, pid, backlog
inline constexpr std::uint16_t kAuditAddRule = 1011;
inline constexpr std::uint16_t kAuditDelRule = 1012;
inline constexpr std::uint16_t kAuditTtySet = 1017;
inline constexpr std::uint16_t kAuditSetFeature = 1018;  // loginuid_immutable and the like
inline constexpr std::uint16_t kUserAuth = 1100;
inline constexpr std::uint16_t kUserAcct = 1101;
inline constexpr std::uint16_t kUserMgmt = 1102;
inline constexpr std::uint16_t kCredAcq = 1103;
inline constexpr std::uint16_t kCredDisp = 1104;
inline constexpr std::uint16_t kUserStart = 1105;
inline constexpr std::uint16_t kUserEnd = 1106;
inline constexpr std::uint16_t kUserAvc = 1107;
inline constexpr std::uint16_t kUserChauthtok = 1108;
inline constexpr std::uint16_t kUserErr = 1109;
inline constexpr std::uint16_t kCredRefr = 1110;
inline constexpr std::uint16_t kUsysConfig = 1111;
inline constexpr std::uint16_t kUserLogin = 1112;
inline constexpr std::uint16_t kUserLogout = 1113;
inline constexpr std::uint16_t kAddUser = 1114;
inline constexpr std::uint16_t kDelUser = 1115;
inline constexpr std::uint16_t kAddGroup = 1116;
inline constexpr std::uint16_t kDelGroup = 1117;
inline constexpr std::uint16_t kChgrpId = 1119;
inline constexpr std::uint16_t kUserCmd = 1123;
inline constexpr std::uint16_t kUserTty = 1124;
inline constexpr std::uint16_t kChuserId = 1125;
inline constexpr std::uint16_t kGrpAuth = 1126;
inline constexpr std::uint16_t kServiceStart = 1130;
inline constexpr std::uint16_t kServiceStop = 1131;
inline constexpr std::uint16_t kGrpMgmt = 1132;
inline constexpr std::uint16_t kGrpChauthtok = 1133;
inline constexpr std::uint16_t kAcctLock = 1135;
inline constexpr std::uint16_t kAcctUnlock = 1136;
inline constexpr std::uint16_t kUserDevice = 1137;
inline constexpr std::uint16_t kCryptoKeyUser = 2404;  // RHEL's sshd: fp= of the key that was used

/// The name ausearch prints, "USER_AUTH"; "" for a type that is not listed above.
std::string_view audit_type_name(std::uint16_t type);

/// Users, groups, passwords were changed.
bool is_account_change(std::uint16_t type);
/// What login programs, sudo and su tell. Other types are of other programs (dbus, rpm, libvirt, readline).
bool is_login_message(std::uint16_t type);

/// An account of this name stands for one that may not be shown. sshd writes the others.
inline constexpr std::string_view kUnknownAccount = "(unknown)";
inline bool is_placeholder(std::string_view account) {
    return account == kUnknownAccount || account == "(invalid user)" || account == "(unknown user)";
}

enum class AuditOutcome : std::uint8_t { kUnknown, kSuccess, kFailure };

/// One message. A field that was not sent, or sent as "?" or "", is empty. Text may hold any byte (the
/// account is what a stranger typed, possibly a password) and every field is only a claim until the sender is
/// known: exe, for one, is whatever the sender wrote.
struct AuditMessage {
    std::uint16_t type = 0;
    std::string op;        // "PAM:authentication", "adding user to group"
    std::string acct;      // "alice", "(invalid user)"
    std::string grantors;  // "pam_unix,pam_permit"
    std::string exe;
    std::string hostname;
    std::string addr;      // IP text, IPv4-mapped shown as IPv4; anything that is no address is dropped
    std::string terminal;  // "ssh", "pts/0", "/dev/pts/0"
    std::string cwd;
    std::string cmd;  // sudo's command line, words joined by blanks
    std::string grp;
    std::string kind;  // 2404: "auth-key", "server", "session"
    std::string fp;    // 2404: "SHA256:..."
    std::optional<std::uint16_t> rport;
    std::optional<std::uint32_t> id;  // the account's uid or the group's gid; unset (4294967295) is nullopt
    AuditOutcome outcome = AuditOutcome::kUnknown;
    bool truncated = false;  // the text was cut: cmd and cwd may be prefixes, outcome is kUnknown
};

/// Parses key=value text as libaudit's audit_log_acct_message, audit_log_user_command and
/// audit_log_user_message write it. `text` ends at its first NUL; `truncated` says that the capture cut it.
///
/// A value is quoted, or, for acct, cmd, cwd, grp and exe, in hexadecimal when it holds a blank, a quote, a
/// control byte or a byte above 126 (libaudit's audit_value_needs_encoding). hostname is sent raw, so a name
/// that holds " res=success" plants keys behind it: what libaudit writes before hostname is taken from its
/// first occurrence, what it writes after (addr, terminal, res) from its last.
///
/// nullopt when no known key is found. Linear in text.size(); the fields together are no longer than the
/// text.
std::optional<AuditMessage> parse_audit_message(std::uint16_t type, std::string_view text,
                                                bool truncated = false);

/// The text of a message that parse_audit_message reads as `message`.
std::string format_audit_message(const AuditMessage& message);

}  // namespace whodid
