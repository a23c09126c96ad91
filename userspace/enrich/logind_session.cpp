// SPDX-License-Identifier: Apache-2.0
// Parser of logind's session files.
#include "enrich/logind_session.h"

#include "enrich/c_unescape.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

std::string unquoted(std::string_view value) {
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t' || value.back() == '\r')) {
        value.remove_suffix(1);
    }
    if (value.size() >= 2 && value.front() == value.back() &&
        (value.front() == '"' || value.front() == '\'')) {
        value = value.substr(1, value.size() - 2);
    }
    return c_unescape(value);
}

struct TextField {
    std::string_view key;
    std::string LogindSession::*member;
};

constexpr TextField kTextFields[] = {
    {"USER", &LogindSession::user},
    {"STATE", &LogindSession::state},
    {"REMOTE_HOST", &LogindSession::remote_host},
    {"REMOTE_USER", &LogindSession::remote_user},
    {"SERVICE", &LogindSession::service},
    {"TYPE", &LogindSession::type},
    {"CLASS", &LogindSession::session_class},
    {"TTY", &LogindSession::tty},
    {"SEAT", &LogindSession::seat},
    {"SCOPE", &LogindSession::scope},
};

void set_text(LogindSession& session, std::string_view key, std::string_view value) {
    for (const TextField& field : kTextFields) {
        if (field.key == key) session.*field.member = unquoted(value);
    }
}

// 0 is unset to logind for both a pid and an audit session.
std::optional<std::uint32_t> nonzero_id(std::string_view text) {
    const auto id = parse_id(text);
    return id == 0u ? std::nullopt : id;
}

void set_number(LogindSession& session, std::string_view key, std::string_view value) {
    if (key == "ACTIVE") {
        session.active = value == "1";
    } else if (key == "REMOTE") {
        session.remote = value == "1";
    } else if (key == "LEADER") {
        session.leader = nonzero_id(value);
    } else if (key == "AUDIT") {
        session.audit_session = nonzero_id(value);
    } else if (key == "REALTIME") {
        session.realtime_us = parse_decimal<std::uint64_t>(value);
    } else if (key == "MONOTONIC") {
        session.monotonic_us = parse_decimal<std::uint64_t>(value);
    }
}

}  // namespace

std::optional<LogindSession> parse_logind_session(std::string_view text) {
    LogindSession session;
    std::optional<std::uint32_t> uid;
    while (!text.empty()) {
        std::string_view value = take_until(text, '\n');
        if (value.starts_with('#') || value.find('=') == value.npos) continue;
        const std::string_view key = take_until(value, '=');
        if (key == "UID") uid = parse_id(unquoted(value));
        set_text(session, key, value);
        set_number(session, key, unquoted(value));
    }
    if (!uid) return std::nullopt;
    session.uid = *uid;
    return session;
}

}  // namespace whodid
