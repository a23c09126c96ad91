// SPDX-License-Identifier: Apache-2.0
// Parser of sshd's log lines: header, then one reader per message format, chosen by the words it starts with.
#include "enrich/sshd_line.h"

#include <algorithm>
#include <iterator>

#include "base/ip_address.h"
#include "enrich/c_unescape.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

constexpr std::string_view kFrom = " from ";
constexpr std::size_t kMaxAddress = 64;      // IPv6 text 45, '%' and an interface name
constexpr std::size_t kMaxKeyType = 32;      // "ECDSA-SK-CERT" and room
constexpr std::size_t kMaxFingerprint = 96;  // "SHA512:" and 86 characters

// ---- header: <PRI> timestamp host tag[pid]:

void take_priority(std::string_view& text, SshdLine& line) {
    const std::size_t end = text.find('>');
    if (!text.starts_with('<') || end == text.npos || end > 4) return;
    const auto priority = parse_decimal<std::uint8_t>(text.substr(1, end - 1));
    if (!priority || *priority > 191) return;
    line.facility = static_cast<std::uint8_t>(*priority >> 3);
    line.severity = static_cast<std::uint8_t>(*priority & 7);
    text.remove_prefix(end + 1);
}

// "Nov 24 14:02:07 " or "2026-11-24T14:02:07.123456+01:00 "
void skip_timestamp(std::string_view& text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    if (at(3) == ' ' && at(6) == ' ' && at(9) == ':' && at(12) == ':' && at(15) == ' ') {
        text.remove_prefix(16);
    } else if (at(4) == '-' && at(7) == '-' && at(10) == 'T' && at(13) == ':') {
        take_until(text, ' ');
    }
}

// Since OpenSSH 9.8 the lines of a connection come from sshd-session, since 10.0 those before the login from
// sshd-auth.
bool take_tag(std::string_view& text, SshdLine& line) {
    std::string_view rest = text;
    std::string_view tag;
    for (std::string_view name : {"sshd-session", "sshd-auth", "sshd"}) {
        if (!tag.empty() || !consume(rest, name)) continue;
        tag = name;
    }
    if (tag.empty()) return false;
    std::optional<std::uint32_t> pid = 0;
    if (consume(rest, "[")) pid = parse_decimal<std::uint32_t>(take_until(rest, ']'));
    if (!pid || !consume(rest, ":")) return false;
    consume(rest, " ");
    line.tag = tag;
    line.pid = *pid;
    text = rest;
    return true;
}

bool take_header(std::string_view& text, SshdLine& line) {
    take_priority(text, line);
    skip_timestamp(text);
    if (take_tag(text, line)) return true;
    const std::string_view host = take_until(text, ' ');
    return host.find_first_of(":[") == host.npos && take_tag(text, line);
}

// ---- "ADDRESS port N"

struct Peer {
    std::string_view address;
    std::uint16_t port = 0;
};

// An address as getnameinfo(NI_NUMERICHOST) writes it (a link-local one has a zone), or "UNKNOWN".
bool is_address(std::string_view text) {
    if (text.size() > kMaxAddress) return false;
    return text == "UNKNOWN" || parse_ip(text.substr(0, text.find('%'))).has_value();
}

bool take_peer(std::string_view& text, Peer& peer) {
    std::string_view rest = text;
    const std::size_t end = rest.substr(0, kMaxAddress + 1).find(' ');
    if (end == rest.npos || !is_address(rest.substr(0, end))) return false;
    peer.address = rest.substr(0, end);
    rest.remove_prefix(end);
    if (!consume(rest, " port ")) return false;
    const std::size_t digits = std::min(rest.substr(0, 6).find_first_not_of("0123456789"), rest.size());
    const auto port = parse_decimal<std::uint16_t>(rest.substr(0, digits));
    if (!port) return false;
    peer.port = *port;
    text = rest.substr(digits);
    return true;
}

// Cuts "ADDRESS port N" off the end of `text`.
bool take_last_peer(std::string_view& text, Peer& peer) {
    const std::size_t at = text.rfind(" port ");
    if (at == text.npos) return false;
    const std::size_t before = text.substr(0, at).rfind(' ');
    const std::size_t start = before == text.npos ? 0 : before + 1;
    std::string_view rest = text.substr(start);
    if (!take_peer(rest, peer) || !rest.empty()) return false;
    text = text.substr(0, start);
    return true;
}

void set_peer(SshdLine& line, const Peer& peer) {
    line.address = peer.address == "UNKNOWN" ? std::string_view{} : peer.address;
    line.port = peer.port;
}

// ---- ": ED25519-CERT SHA256:xxx ID alice@corp (serial 7) CA ED25519 SHA256:yyy", what follows "ssh2"

struct KeyInfo {
    std::string_view type, fingerprint, cert_id, ca_type, ca_fingerprint, method_info;
    std::optional<std::uint64_t> serial;
};

bool is_key_type(std::string_view text) {
    const auto known = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; };
    return !text.empty() && text.size() <= kMaxKeyType && std::all_of(text.begin(), text.end(), known);
}

bool is_fingerprint(std::string_view text) {
    return !text.empty() && text.size() <= kMaxFingerprint && text.find_first_of(" ,") == text.npos;
}

// The part behind the last blank, which must lie within `limit` of the end; both leave `text`.
std::string_view take_last_word(std::string_view& text, std::size_t limit) {
    const std::size_t from = text.size() > limit ? text.size() - limit - 1 : 0;
    const std::size_t blank = text.substr(from).rfind(' ');
    if (blank == text.npos) return {};
    const std::string_view word = text.substr(from + blank + 1);
    text = text.substr(0, from + blank);
    return word;
}

// " ID <key id> (serial N) CA <type> <fingerprint>". The key id is free text, so what follows is read from
// the end.
bool read_certificate(std::string_view text, KeyInfo& key) {
    if (!consume(text, " ID ")) return false;
    key.ca_fingerprint = take_last_word(text, kMaxFingerprint);
    key.ca_type = take_last_word(text, kMaxKeyType);
    if (!is_fingerprint(key.ca_fingerprint) || !is_key_type(key.ca_type)) return false;
    if (!consume_back(text, ") CA")) return false;
    key.serial = parse_decimal<std::uint64_t>(take_last_word(text, 20));
    if (!key.serial || !consume_back(text, " (serial")) return false;
    key.cert_id = text;
    return true;
}

bool read_key(std::string_view text, KeyInfo& key) {
    if (!consume(text, ": ")) return false;
    const std::size_t blank = text.substr(0, kMaxKeyType + 1).find(' ');
    if (blank == text.npos || !is_key_type(text.substr(0, blank))) return false;
    key.type = text.substr(0, blank);
    text.remove_prefix(blank + 1);

    const std::size_t end = std::min(text.substr(0, kMaxFingerprint + 1).find_first_of(" ,"), text.size());
    key.fingerprint = text.substr(0, end);
    text.remove_prefix(end);
    if (!is_fingerprint(key.fingerprint)) return false;
    return text.empty() || read_certificate(text, key);
}

// hostbased appends what the client says it is: `, client user "root", client host "build7"`, 100 bytes each
// before vis(3), so the search can be bounded.
bool read_hostbased(std::string_view text, KeyInfo& key) {
    constexpr std::size_t kMaxInfo = 1024;
    const std::size_t from = text.size() > kMaxInfo ? text.size() - kMaxInfo : 0;
    const std::size_t at = text.find(", client user \"", from);
    if (at != text.npos) key.method_info = text.substr(at + 2);
    return read_key(text.substr(0, at), key);
}

// What may follow "ssh2" depends on the method; a split of the line whose tail does not fit is not the right
// one.
bool read_tail(std::string_view method, std::string_view tail, KeyInfo& key) {
    if (tail.empty()) return true;
    if (method == "publickey") return read_key(tail, key);
    if (method == "hostbased") return read_hostbased(tail, key);
    if (!method.starts_with("gssapi") || !consume(tail, ": ")) return false;
    key.method_info = tail;
    return true;
}

void set_key(SshdLine& line, const KeyInfo& key) {
    line.key_type = key.type;
    line.fingerprint = key.fingerprint;
    line.cert_id = c_unescape(key.cert_id);
    line.cert_serial = key.serial;
    line.ca_key_type = key.ca_type;
    line.ca_fingerprint = key.ca_fingerprint;
    line.method_info = c_unescape(key.method_info);
}

// ---- "NAME from ADDRESS port N ssh2<tail>"

struct Attempt {
    std::string_view user;
    Peer peer;
    KeyInfo key;
};

// Reads the attempt whose " from " is at `from`.
bool read_attempt(std::string_view method, std::string_view text, std::size_t from, Attempt& attempt) {
    std::string_view rest = text.substr(from + kFrom.size());
    attempt.user = text.substr(0, from);
    return take_peer(rest, attempt.peer) && consume(rest, " ssh2") && read_tail(method, rest, attempt.key);
}

enum class Pick : std::uint8_t { kFirst, kLast };

bool read_outcome(std::string_view method, std::string_view text, Pick pick, SshdLine& line) {
    line.invalid_user = consume(text, "invalid user ");
    std::optional<Attempt> chosen;
    for (std::size_t from = text.find(kFrom); from != text.npos; from = text.find(kFrom, from + 1)) {
        Attempt attempt;
        if (!read_attempt(method, text, from, attempt)) continue;
        line.ambiguous = chosen.has_value();
        if (!chosen || pick == Pick::kLast) chosen = attempt;
    }
    if (!chosen) return false;
    line.method = method;
    line.user = c_unescape(chosen->user);
    set_peer(line, chosen->peer);
    set_key(line, chosen->key);
    return true;
}

// "publickey for ": the method of "Accepted" and "Failed" lines. "Accepted key ED25519 SHA256:..." has none.
std::string_view take_method(std::string_view& text) {
    std::string_view rest = text;
    const std::string_view method = take_until(rest, ' ');
    if (method.empty() || method.size() > 64 || !consume(rest, "for ")) return {};
    text = rest;
    return method;
}

bool read_accepted(std::string_view text, SshdLine& line) {
    const std::string_view method = take_method(text);
    return !method.empty() && read_outcome(method, text, Pick::kFirst, line);
}

bool read_failed(std::string_view text, SshdLine& line) {
    const std::string_view method = take_method(text);
    return !method.empty() && read_outcome(method, text, Pick::kLast, line);
}

bool read_max_attempts(std::string_view text, SshdLine& line) {
    return read_outcome({}, text, Pick::kLast, line);
}

// ---- the other formats

bool read_invalid_user(std::string_view text, SshdLine& line) {
    Peer peer;
    if (!take_last_peer(text, peer) || !consume_back(text, kFrom)) return false;
    line.invalid_user = true;
    line.user = c_unescape(text);
    set_peer(line, peer);
    return true;
}

// Only the reasons about Allow and Deny lists are logged with an address, which may be a host name (UseDNS).
bool names_a_list(std::string_view reason) {
    return reason.starts_with("listed in ") || reason.starts_with("not listed in ") ||
           reason.starts_with("not in any group") || reason.starts_with("a group is listed in ") ||
           reason.starts_with("none of user's groups ");
}

bool read_not_allowed(std::string_view text, SshdLine& line) {
    constexpr std::string_view kBecause = " not allowed because ";
    const std::size_t at = text.rfind(kBecause);
    if (at == text.npos) return false;
    const std::string_view reason = text.substr(at + kBecause.size());
    std::string_view user = text.substr(0, at);
    if (names_a_list(reason)) {
        const std::size_t from = user.rfind(kFrom);
        if (from == user.npos) return false;
        const std::string_view host = user.substr(from + kFrom.size());
        line.address = is_address(host) ? host : std::string_view{};
        user = user.substr(0, from);
    }
    line.user = c_unescape(user);
    line.reason = c_unescape(reason);
    line.invalid_user = true;
    return true;
}

bool read_root_refused(std::string_view text, SshdLine& line) {
    Peer peer;
    if (!take_peer(text, peer) || !text.empty()) return false;
    line.user = "root";
    set_peer(line, peer);
    return true;
}

bool read_connection(std::string_view text, SshdLine& line) {
    Peer peer;
    if (!take_peer(text, peer) || !consume(text, " on ")) return false;
    set_peer(line, peer);
    return true;
}

// "[authenticating user |invalid user |user ]NAME ADDRESS port N": packet.c's connection id.
bool read_connection_id(std::string_view text, SshdLine& line) {
    Peer peer;
    if (!take_last_peer(text, peer)) return false;
    line.invalid_user = consume(text, "invalid user ");
    const bool named = line.invalid_user || consume(text, "authenticating user ") || consume(text, "user ");
    if (named ? !consume_back(text, " ") : !text.empty()) return false;
    line.user = c_unescape(text);
    set_peer(line, peer);
    return true;
}

// Reads "ADDRESS port N: " whose " port " is at `at`; `rest` becomes the reason, `id` everything before the
// colon.
bool split_reason(std::string_view text, std::size_t at, std::string_view& id, std::string_view& rest) {
    const std::size_t from = at > kMaxAddress ? at - kMaxAddress : 0;
    const std::size_t blank = text.substr(from, at - from).rfind(' ');
    rest = text.substr(blank == text.npos ? from : from + blank + 1);
    Peer peer;
    if (!take_peer(rest, peer) || !consume(rest, ": ")) return false;
    id = text.substr(0, text.size() - rest.size() - 2);
    return true;
}

// "<connection id>: reason". The reason may repeat what the client asked for, and an invalid user's name may
// hold anything, so either can carry an address of its own.
bool read_disconnecting(std::string_view text, SshdLine& line) {
    constexpr std::string_view kPort = " port ";
    std::string_view id, reason;
    int fits = 0;
    for (std::size_t at = text.find(kPort); at != text.npos; at = text.find(kPort, at + 1)) {
        std::string_view id_here, reason_here;
        if (!split_reason(text, at, id_here, reason_here)) continue;
        if (fits++ > 0 && !text.starts_with("invalid user ")) continue;
        id = id_here;
        reason = reason_here;
    }
    line.ambiguous = fits > 1;
    line.reason = c_unescape(reason);
    return fits > 0 && read_connection_id(id, line);
}

// "ADDRESS port N:CODE: reason"; the reason is the client's.
bool read_received_disconnect(std::string_view text, SshdLine& line) {
    Peer peer;
    if (!take_peer(text, peer) || !consume(text, ":")) return false;
    take_until(text, ':');
    consume(text, " ");
    line.reason = c_unescape(text);
    set_peer(line, peer);
    return true;
}

bool read_user_child(std::string_view text, SshdLine& line) {
    const auto pid = parse_decimal<std::uint32_t>(text);
    line.child_pid = pid.value_or(0);
    return pid.has_value();
}

// Cuts " from ADDRESS port N id M" off the end.
bool take_session_peer(std::string_view& text, SshdLine& line) {
    std::string_view rest = text;
    const auto id = parse_decimal<std::uint32_t>(take_last_word(rest, 10));
    Peer peer;
    if (!id || !consume_back(rest, " id") || !take_last_peer(rest, peer)) return false;
    if (!consume_back(rest, kFrom)) return false;
    set_peer(line, peer);
    text = rest;
    return true;
}

// "shell on pts/0 for alice from ...". The name of a subsystem is the client's, that of the account is not.
bool read_session_start(std::string_view text, SshdLine& line) {
    constexpr std::string_view kFor = " for ";
    if (!take_session_peer(text, line)) return false;
    const std::size_t at = text.rfind(kFor);
    if (at == text.npos) return false;
    line.user = c_unescape(text.substr(at + kFor.size()));
    std::string_view session = text.substr(0, at);
    const std::size_t on = session.rfind(" on ");
    if (on != session.npos && !session.ends_with('\'')) {
        line.tty = session.substr(on + 4);
        session = session.substr(0, on);
    }
    line.session = c_unescape(session);
    return true;
}

bool read_session_close(std::string_view text, SshdLine& line) {
    if (!take_session_peer(text, line)) return false;
    line.user = c_unescape(text);
    return true;
}

struct Format {
    std::string_view start;
    SshdKind kind;
    bool (*read)(std::string_view rest, SshdLine& line);
};

constexpr Format kFormats[] = {
    {"Accepted ", SshdKind::kAccepted, read_accepted},
    {"Failed ", SshdKind::kFailed, read_failed},
    {"maximum authentication attempts exceeded for ", SshdKind::kMaxAttempts, read_max_attempts},
    {"Invalid user ", SshdKind::kInvalidUser, read_invalid_user},
    {"User child is on pid ", SshdKind::kUserChild, read_user_child},
    {"User ", SshdKind::kNotAllowed, read_not_allowed},
    {"ROOT LOGIN REFUSED FROM ", SshdKind::kRootRefused, read_root_refused},
    {"Connection from ", SshdKind::kConnection, read_connection},
    {"Connection closed by ", SshdKind::kConnectionClosed, read_connection_id},
    {"Connection reset by ", SshdKind::kConnectionReset, read_connection_id},
    {"Disconnected from ", SshdKind::kDisconnected, read_connection_id},
    {"Disconnecting ", SshdKind::kDisconnecting, read_disconnecting},
    {"Received disconnect from ", SshdKind::kReceivedDisconnect, read_received_disconnect},
    {"Starting session: ", SshdKind::kSessionStart, read_session_start},
    {"Close session: user ", SshdKind::kSessionClose, read_session_close},
};

bool read_message(std::string_view text, SshdLine& line) {
    line.preauth = consume_back(text, " [preauth]");
    consume(text, "error: ");
    const auto format = std::find_if(std::begin(kFormats), std::end(kFormats),
                                     [&](const Format& f) { return text.starts_with(f.start); });
    if (format == std::end(kFormats)) return false;
    line.kind = format->kind;
    return format->read(text.substr(format->start.size()), line);
}

}  // namespace

std::optional<SshdLine> parse_sshd_line(std::string_view text) {
    text = c_text(text);
    SshdLine line;
    if (!take_header(text, line) || !read_message(text, line)) return std::nullopt;
    return line;
}

}  // namespace whodid
