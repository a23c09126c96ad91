// SPDX-License-Identifier: Apache-2.0
// Parser of the environment that sshd and sudo leave behind.
#include "enrich/ssh_environment.h"

#include "base/ip_address.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

struct Variables {
    std::optional<std::string_view> connection, client, tty, sudo_user, sudo_uid, sudo_command;
};

void keep_first(std::optional<std::string_view>& slot, std::string_view value) {
    if (!slot) slot = value;
}

void note(Variables& variables, std::string_view name, std::string_view value) {
    if (name == "SSH_CONNECTION") {
        keep_first(variables.connection, value);
    } else if (name == "SSH_CLIENT") {
        keep_first(variables.client, value);
    } else if (name == "SSH_TTY") {
        keep_first(variables.tty, value);
    } else if (name == "SUDO_USER") {
        keep_first(variables.sudo_user, value);
    } else if (name == "SUDO_UID") {
        keep_first(variables.sudo_uid, value);
    } else if (name == "SUDO_COMMAND") {
        keep_first(variables.sudo_command, value);
    }
}

Variables collect(std::string_view block) {
    Variables variables;
    while (!block.empty()) {
        std::string_view value = take_until(block, '\0');
        if (value.find('=') == value.npos) continue;
        const std::string_view name = take_until(value, '=');
        note(variables, name, value);
    }
    return variables;
}

// The next word as IP text; a link-local address keeps its zone out of it. Empty when it is none.
std::string take_address(std::string_view& text) {
    const std::string_view word = take_until(text, ' ');
    const auto address = parse_ip(word.substr(0, word.find('%')));
    return address ? format_ip(*address) : std::string{};
}

// The next word as a port, 0 when it is none.
std::uint16_t take_port(std::string_view& text) {
    return parse_decimal<std::uint16_t>(take_until(text, ' ')).value_or(0);
}

bool read_connection(std::string_view text, SshEnvironment& environment) {
    const std::string client = take_address(text);
    const std::uint16_t client_port = take_port(text);
    const std::string server = take_address(text);
    const std::uint16_t server_port = take_port(text);
    if (client.empty() || client_port == 0 || server.empty() || server_port == 0 || !text.empty())
        return false;
    environment.client_address = client;
    environment.client_port = client_port;
    environment.server_address = server;
    environment.server_port = server_port;
    return true;
}

void read_client(std::string_view text, SshEnvironment& environment) {
    const std::string client = take_address(text);
    const std::uint16_t client_port = take_port(text);
    const std::uint16_t server_port = take_port(text);
    if (client.empty() || client_port == 0 || server_port == 0 || !text.empty()) return;
    environment.client_address = client;
    environment.client_port = client_port;
    environment.server_port = server_port;
}

}  // namespace

SshEnvironment parse_ssh_environment(std::string_view block) {
    const Variables variables = collect(block);
    SshEnvironment environment;
    if (!read_connection(variables.connection.value_or(""), environment)) {
        read_client(variables.client.value_or(""), environment);
    }
    environment.tty = variables.tty.value_or("");
    environment.sudo_user = variables.sudo_user.value_or("");
    environment.sudo_uid = parse_id(variables.sudo_uid.value_or(""));
    environment.sudo_command = variables.sudo_command.value_or("");
    return environment;
}

}  // namespace whodid
