// SPDX-License-Identifier: Apache-2.0
// What sshd and sudo left in a process's environment. Evidence only: any process can set these for its
// children.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// Trust it only at the first exec below sshd or sudo. Absent or malformed variables are empty.
struct SshEnvironment {
    std::string client_address;  // IP text, IPv4-mapped shown as IPv4
    std::uint16_t client_port = 0;
    std::string server_address;  // only from SSH_CONNECTION
    std::uint16_t server_port = 0;
    std::string tty;  // SSH_TTY, "/dev/pts/0"
    std::string sudo_user;
    std::optional<std::uint32_t> sudo_uid;
    std::string sudo_command;
};

/// `block` is NAME=VALUE strings with a NUL behind each, as in /proc/PID/environ; the last may be cut. Of a
/// name that comes twice the first counts, as for getenv(3). SSH_CONNECTION ("client port server port",
/// ssh(1)) goes before SSH_CLIENT ("client port server-port"); each is taken whole or not at all: valid
/// addresses, ports 1 to 65535. Linear in block.size().
SshEnvironment parse_ssh_environment(std::string_view block);

}  // namespace whodid
