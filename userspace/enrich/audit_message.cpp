// SPDX-License-Identifier: Apache-2.0
// Parser of audit user messages: split into key=value fields, then each field decoded by its key's rule.
#include "enrich/audit_message.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/ip_address.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

struct MessageType {
    std::uint16_t type;
    std::string_view name;
};

constexpr MessageType kMessageTypes[] = {
    {kAuditSet, "SET"},
    {kAuditAddRule, "ADD_RULE"},
    {kAuditDelRule, "DEL_RULE"},
    {kAuditTtySet, "TTY_SET"},
    {kAuditSetFeature, "SET_FEATURE"},
    {kUserAuth, "USER_AUTH"},
    {kUserAcct, "USER_ACCT"},
    {kUserMgmt, "USER_MGMT"},
    {kCredAcq, "CRED_ACQ"},
    {kCredDisp, "CRED_DISP"},
    {kUserStart, "USER_START"},
    {kUserEnd, "USER_END"},
    {kUserAvc, "USER_AVC"},
    {kUserChauthtok, "USER_CHAUTHTOK"},
    {kUserErr, "USER_ERR"},
    {kCredRefr, "CRED_REFR"},
    {kUsysConfig, "USYS_CONFIG"},
    {kUserLogin, "USER_LOGIN"},
    {kUserLogout, "USER_LOGOUT"},
    {kAddUser, "ADD_USER"},
    {kDelUser, "DEL_USER"},
    {kAddGroup, "ADD_GROUP"},
    {kDelGroup, "DEL_GROUP"},
    {kChgrpId, "CHGRP_ID"},
    {kUserCmd, "USER_CMD"},
    {kUserTty, "USER_TTY"},
    {kChuserId, "CHUSER_ID"},
    {kGrpAuth, "GRP_AUTH"},
    {kServiceStart, "SERVICE_START"},
    {kServiceStop, "SERVICE_STOP"},
    {kGrpMgmt, "GRP_MGMT"},
    {kGrpChauthtok, "GRP_CHAUTHTOK"},
    {kAcctLock, "ACCT_LOCK"},
    {kAcctUnlock, "ACCT_UNLOCK"},
    {kUserDevice, "USER_DEVICE"},
    {kCryptoKeyUser, "CRYPTO_KEY_USER"},
};

struct Assignment {
    std::string_view key;
    std::string_view value;  // without quotes
    bool quoted = false;
    bool cut = false;  // touches the end of a text that was cut
};

bool is_key_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// The length of "key=" at the front of `text`, 0 when there is none.
std::size_t key_length(std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_key_char);
    if (end == text.begin() || end == text.end() || *end != '=') return 0;
    return static_cast<std::size_t>(end - text.begin()) + 1;
}

// libaudit never quotes a value that holds a quote, so the next one ends it. Without a next one the quote is
// the last value of a text that was cut, or, in a whole text, planted (hostname is sent raw) to swallow the
// fields behind it: then the value ends like one without quotes.
bool take_quoted(std::string_view& text, bool whole, Assignment& field) {
    if (!text.starts_with('"')) return false;
    if (whole && text.find('"', 1) == text.npos) return false;
    text.remove_prefix(1);
    field.quoted = true;
    field.value = take_until(text, '"');
    return true;
}

// op is words separated by blanks, up to the next key.
std::string_view take_words(std::string_view& text) {
    const std::string_view from = text;
    std::size_t end = 0;
    do {
        take_until(text, ' ');
        end = text.empty() ? from.size() : static_cast<std::size_t>(text.data() - from.data()) - 1;
    } while (!text.empty() && key_length(text) == 0);
    return from.substr(0, end);
}

// The next key=value of `text`; words that belong to no key are passed over.
std::optional<Assignment> take_field(std::string_view& text, bool whole) {
    while (!text.empty()) {
        const std::size_t length = key_length(text);
        if (length == 0) {
            take_until(text, ' ');
            continue;
        }
        Assignment field;
        field.key = text.substr(0, length - 1);
        text.remove_prefix(length);
        if (!take_quoted(text, whole, field)) {
            field.value = field.key == "op" ? take_words(text) : take_until(text, ' ');
        }
        return field;
    }
    return std::nullopt;
}

enum class Coding : std::uint8_t { kPlain, kMaybeHex };

bool is_hex(std::string_view value) {
    return !value.empty() &&
           std::all_of(value.begin(), value.end(), [](char c) { return hex_value(c) >= 0; });
}

std::string unhex(std::string_view value) {
    std::string out;
    out.reserve(value.size() / 2);
    for (std::size_t i = 0; i + 1 < value.size(); i += 2) {
        out += static_cast<char>(hex_value(value[i]) << 4 | hex_value(value[i + 1]));
    }
    return out;
}

std::string decoded(const Assignment& field, Coding coding) {
    if (field.value == "?") return {};
    // A value cut in the middle of a byte has an odd digit left over, which unhex ignores.
    const bool whole_bytes = field.value.size() % 2 == 0 || field.cut;
    if (coding == Coding::kMaybeHex && !field.quoted && whole_bytes && is_hex(field.value)) {
        return unhex(field.value);
    }
    return std::string(field.value);
}

std::string address_text(std::string_view value) {
    const auto address = parse_ip(value);
    return address ? format_ip(*address) : std::string{};
}

AuditOutcome outcome_of(std::string_view value) {
    if (value == "success" || value == "yes" || value == "1") return AuditOutcome::kSuccess;
    if (value == "failed" || value == "no" || value == "0") return AuditOutcome::kFailure;
    return AuditOutcome::kUnknown;
}

template <std::string AuditMessage::*Member>
void set_plain(AuditMessage& message, const Assignment& field) {
    message.*Member = decoded(field, Coding::kPlain);
}

template <std::string AuditMessage::*Member>
void set_coded(AuditMessage& message, const Assignment& field) {
    message.*Member = decoded(field, Coding::kMaybeHex);
}

void set_addr(AuditMessage& message, const Assignment& field) { message.addr = address_text(field.value); }
void set_res(AuditMessage& message, const Assignment& field) { message.outcome = outcome_of(field.value); }
void set_id(AuditMessage& message, const Assignment& field) { message.id = parse_id(field.value); }
void set_rport(AuditMessage& message, const Assignment& field) {
    message.rport = parse_decimal<std::uint16_t>(field.value);
}

enum class Repeat : std::uint8_t { kFirstWins, kLastWins };
enum class Cut : std::uint8_t { kDrop, kKeep };  // half a name, number or address is another one: dropped

struct Rule {
    std::string_view key;
    Repeat repeat;
    Cut cut;
    void (*set)(AuditMessage&, const Assignment&);
};

// In libaudit's order: what stands before hostname cannot be planted through it, what stands after it can.
constexpr Rule kRules[] = {
    {"op", Repeat::kFirstWins, Cut::kDrop, set_plain<&AuditMessage::op>},
    {"grantors", Repeat::kFirstWins, Cut::kDrop, set_plain<&AuditMessage::grantors>},
    {"kind", Repeat::kFirstWins, Cut::kDrop, set_plain<&AuditMessage::kind>},
    {"fp", Repeat::kFirstWins, Cut::kDrop, set_plain<&AuditMessage::fp>},
    {"rport", Repeat::kFirstWins, Cut::kDrop, set_rport},
    {"grp", Repeat::kFirstWins, Cut::kDrop, set_coded<&AuditMessage::grp>},
    {"cwd", Repeat::kFirstWins, Cut::kKeep, set_coded<&AuditMessage::cwd>},
    {"cmd", Repeat::kFirstWins, Cut::kKeep, set_coded<&AuditMessage::cmd>},
    {"acct", Repeat::kFirstWins, Cut::kDrop, set_coded<&AuditMessage::acct>},
    {"id", Repeat::kFirstWins, Cut::kDrop, set_id},
    {"exe", Repeat::kFirstWins, Cut::kDrop, set_coded<&AuditMessage::exe>},
    {"hostname", Repeat::kFirstWins, Cut::kDrop, set_plain<&AuditMessage::hostname>},
    {"addr", Repeat::kLastWins, Cut::kDrop, set_addr},
    {"terminal", Repeat::kLastWins, Cut::kDrop, set_plain<&AuditMessage::terminal>},
    {"res", Repeat::kLastWins, Cut::kDrop, set_res},
};

class AssignmentSink {
public:
    explicit AssignmentSink(AuditMessage& message) : message_(message) {}

    void put(const Assignment& field) {
        const auto rule = std::find_if(std::begin(kRules), std::end(kRules),
                                       [&](const Rule& r) { return r.key == field.key; });
        if (rule == std::end(kRules)) return;
        bool& seen = seen_[static_cast<std::size_t>(rule - std::begin(kRules))];
        const bool wanted = !seen || rule->repeat == Repeat::kLastWins;
        seen = any_ = true;
        if (wanted && !(field.cut && rule->cut == Cut::kDrop)) rule->set(message_, field);
    }

    bool any() const { return any_; }

private:
    AuditMessage& message_;
    std::array<bool, std::size(kRules)> seen_{};
    bool any_ = false;
};

}  // namespace

std::string_view audit_type_name(std::uint16_t type) {
    const auto entry = std::find_if(std::begin(kMessageTypes), std::end(kMessageTypes),
                                    [&](const MessageType& t) { return t.type == type; });
    return entry == std::end(kMessageTypes) ? std::string_view{} : entry->name;
}

bool is_account_change(std::uint16_t type) {
    constexpr std::uint16_t kTypes[] = {kUserChauthtok, kAddUser,  kDelUser,    kAddGroup,
                                        kDelGroup,      kUserMgmt, kChgrpId,    kGrpMgmt,
                                        kGrpChauthtok,  kAcctLock, kAcctUnlock, kChuserId};
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

bool is_login_message(std::uint16_t type) {
    constexpr std::uint16_t kTypes[] = {kUserAuth, kUserAcct,  kCredAcq, kUserStart,
                                        kUserEnd,  kUserLogin, kUserCmd, kCryptoKeyUser};
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

std::optional<AuditMessage> parse_audit_message(std::uint16_t type, std::string_view text, bool truncated) {
    // A text that was cut has no end of its own to trim: a blank there says that the last value is whole.
    text = truncated ? text.substr(0, text.find('\0')) : c_text(text);
    const char* const end = text.data() + text.size();
    AuditMessage message;
    message.type = type;
    message.truncated = truncated;
    AssignmentSink sink(message);
    while (auto field = take_field(text, !truncated)) {
        field->cut = truncated && field->value.data() + field->value.size() == end;
        sink.put(*field);
    }
    if (!sink.any()) return std::nullopt;
    // res comes last: in a text that was cut, one that is there was planted.
    if (truncated) message.outcome = AuditOutcome::kUnknown;
    return message;
}

namespace {

bool needs_encoding(std::string_view value) {
    return std::any_of(value.begin(), value.end(), [](char c) { return c <= 0x20 || c > 0x7e || c == '"'; });
}

void put_raw(std::string& out, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (!out.empty()) out += ' ';
    out.append(key).append("=").append(value);
}

void put_quoted(std::string& out, std::string_view key, std::string_view value) {
    if (!value.empty()) put_raw(out, key, '"' + std::string(value) + '"');
}

void put_coded(std::string& out, std::string_view key, std::string_view value) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    if (!needs_encoding(value)) return put_quoted(out, key, value);
    std::string hex;
    for (const char c : value) {
        hex += kDigits[static_cast<unsigned char>(c) >> 4];
        hex += kDigits[static_cast<unsigned char>(c) & 15];
    }
    put_raw(out, key, hex);
}

// A value that is sent raw has no blank unless it was quoted, which is the way it goes back. A quote in it
// was planted, and would swallow what follows.
void put_plain(std::string& out, std::string_view key, std::string value) {
    std::erase(value, '"');
    value.find(' ') == value.npos ? put_raw(out, key, value) : put_quoted(out, key, value);
}

}  // namespace

std::string format_audit_message(const AuditMessage& m) {
    std::string out;
    std::string op = m.op;
    std::erase(op, '"');
    put_raw(out, "op", op);
    put_plain(out, "grantors", m.grantors);
    put_plain(out, "kind", m.kind);
    put_plain(out, "fp", m.fp);
    if (m.rport) put_raw(out, "rport", std::to_string(*m.rport));
    put_coded(out, "grp", m.grp);
    put_coded(out, "cwd", m.cwd);
    put_coded(out, "cmd", m.cmd);
    put_coded(out, "acct", m.acct);
    if (m.id) put_raw(out, "id", std::to_string(*m.id));
    put_coded(out, "exe", m.exe);
    put_plain(out, "hostname", m.hostname);
    put_raw(out, "addr", m.addr);
    put_plain(out, "terminal", m.terminal);
    if (m.outcome != AuditOutcome::kUnknown)
        put_raw(out, "res", m.outcome == AuditOutcome::kSuccess ? "success" : "failed");
    if (m.truncated) out += ' ';  // the last value is whole
    return out;
}

}  // namespace whodid
