// SPDX-License-Identifier: Apache-2.0
// Logins that are older than the sensor.
#include "enrich/restore.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_set>

#include "base/ip_address.h"
#include "enrich/auth.h"
#include "enrich/logind_session.h"
#include "enrich/ssh_environment.h"

namespace whodid {

namespace {

using LogindSessions = std::map<std::uint32_t, LogindSession>;  // by audit session

LogindSessions read_logind(const Host& host) {
    const std::string directory = "/run/systemd/sessions";
    LogindSessions sessions;
    for (const std::string& name : host.list(directory)) {
        const auto text = host.read_file(fmt::format("{}/{}", directory, name));
        auto session = text ? parse_logind_session(*text) : std::nullopt;
        if (session && session->audit_session) sessions[*session->audit_session] = std::move(*session);
    }
    return sessions;
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::vector<std::string_view> split_blanks(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (line.empty()) return words;
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

/// "0100007F:1F90": the address as 32-bit words in host order, each printed in hexadecimal.
Peer parse_proc_net_address(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon != 8 && colon != 32) return {};
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t word = 0; word * 8 < colon; ++word) {
        const auto value = parse_number(text.substr(word * 8, 8), 16);
        if (!value) return {};
        const auto bits = static_cast<std::uint32_t>(*value);
        std::memcpy(bytes.data() + 4 * word, &bits, sizeof bits);
    }
    const auto port = parse_number(text.substr(colon + 1), 16);
    return {format_ip(bytes, colon == 8 ? AF_INET : AF_INET6), static_cast<std::uint16_t>(port.value_or(0))};
}

std::unordered_set<std::string> sockets_of(const Host& host, std::uint32_t pid) {
    std::unordered_set<std::string> inodes;
    const std::string directory = fmt::format("/proc/{}/fd", pid);
    for (const std::string& fd : host.list(directory)) {
        const std::string target = host.link(fmt::format("{}/{}", directory, fd));
        constexpr std::string_view kPrefix = "socket:[";
        if (target.starts_with(kPrefix))
            inodes.insert(target.substr(kPrefix.size(), target.size() - kPrefix.size() - 1));
    }
    return inodes;
}

/// A session's login program, and the process it started: found by walking up from a member.
struct LoginProcesses {
    Snapshot member, program, first;
};

LoginProcesses login_processes(const Processes& processes, const Snapshot& member) {
    LoginProcesses found{member, nullptr, nullptr};
    constexpr int kGenerationsMax = 64;
    Snapshot at = member;
    for (int i = 0; i < kGenerationsMax && at && at->audit_session == member->audit_session; ++i) {
        if (Auth::is_login_program(at->exe))
            found.program = at;
        else if (!found.program)
            found.first = at;
        at = processes.parent(*at);
    }
    return found;
}

/// A daemon's walk ends at init, and the login program's own knows no child.
bool tells_more(const LoginProcesses& a, const LoginProcesses& b) {
    if (!a.program != !b.program) return a.program != nullptr;
    if (!a.first != !b.first) return a.first != nullptr;
    return a.first && a.first->start_ns < b.first->start_ns;
}

std::map<std::uint32_t, LoginProcesses> find_logins(const Processes& processes) {
    std::map<std::uint32_t, LoginProcesses> logins;  // by audit session
    processes.for_each([&](const Snapshot& member) {
        if (member->audit_session == REC_UNSET) return;
        LoginProcesses found = login_processes(processes, member);
        const auto [known, is_new] = logins.try_emplace(member->audit_session, found);
        if (!is_new && tells_more(found, known->second)) known->second = std::move(found);
    });
    return logins;
}

SshEnvironment environment_of(const Host& host, const Snapshot& process) {
    const auto block = process ? host.read_file(fmt::format("/proc/{}/environ", process->pid)) : Error{"", 0};
    return block ? parse_ssh_environment(*block) : SshEnvironment{};
}

/// Who was there before the sensor, and did not come by ssh, sits at the console unless a service says
/// otherwise.
std::string origin_of_older(std::string_view service) {
    const std::string origin = Auth::origin_of(service);
    return origin == "local" ? "console" : origin;
}

void fill_from_logind(Session& session, const LogindSession& known) {
    session.service = known.service;
    session.terminal = known.tty;
    if (session.login_user.empty()) session.login_user = known.user;
    if (known.remote) {
        session.origin_type = "ssh";
        session.address = known.remote_host;
    } else {
        session.origin_type = origin_of_older(known.service);
    }
}

void fill_from_processes(Session& session, const Host& host, const LoginProcesses& login) {
    if (!login.program) return;
    const std::string_view program = login.program->exe_name();
    session.since_ns = login.program->start_ns;
    if (session.service.empty()) session.service = program;
    if (!program.starts_with("sshd")) {
        if (session.origin_type == "unknown") session.origin_type = origin_of_older(program);
        return;
    }
    session.origin_type = "ssh";
    Peer peer = tcp_peer_of(host, login.program->pid);
    if (peer.address.empty()) {
        const SshEnvironment environment = environment_of(host, login.first);
        peer = {environment.client_address, environment.client_port};
        if (session.terminal.empty()) session.terminal = environment.tty;
    }
    if (!peer.address.empty()) session.address = peer.address;
    session.port = peer.port;
}

}  // namespace

Peer tcp_peer_of(const Host& host, std::uint32_t pid) {
    const auto inodes = sockets_of(host, pid);
    if (inodes.empty()) return {};
    for (const char* table : {"tcp", "tcp6"}) {
        const auto text = host.read_file(fmt::format("/proc/{}/net/{}", pid, table));
        if (!text) continue;
        std::string_view left = *text;
        while (!left.empty()) {
            const std::size_t end = std::min(left.find('\n'), left.size());
            // sl local remote state queues timer retransmits uid timeout inode
            const auto words = split_blanks(left.substr(0, end));
            left.remove_prefix(std::min(end + 1, left.size()));
            const bool established = words.size() > 9 && words[3] == "01";
            if (established && inodes.contains(std::string(words[9])))
                return parse_proc_net_address(words[2]);
        }
    }
    return {};
}

void restore_sessions(const Host& host, const PersonMap& people, const Processes& processes, Users& users,
                      Sessions& sessions) {
    const LogindSessions logind = read_logind(host);
    for (const auto& entry : find_logins(processes)) {
        const std::uint32_t number = entry.first;
        const LoginProcesses& login = entry.second;
        if (!sessions.announce(number)) continue;
        const std::uint32_t login_uid = login.member->login_uid;
        sessions.learn(number, login_uid, [&](Session& session) {
            session.login_user = users.name(login_uid);
            session.origin_basis = Basis::kInferred;
            session.method_basis = Basis::kUnknown;
            if (const auto known = logind.find(number); known != logind.end())
                fill_from_logind(session, known->second);
            fill_from_processes(session, host, login);
            session.person = people.find({}, session.login_user, session.address);
        });
    }
}

}  // namespace whodid
