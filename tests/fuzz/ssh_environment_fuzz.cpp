// SPDX-License-Identifier: Apache-2.0
// Any environment: addresses and ports come together or not at all.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/ip_address.h"
#include "enrich/ssh_environment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view block(reinterpret_cast<const char*>(data), size);
    const whodid::SshEnvironment e = whodid::parse_ssh_environment(block);
    if (e.client_address.empty() != (e.client_port == 0)) abort();
    if (!e.client_address.empty() && !whodid::parse_ip(e.client_address)) abort();
    if (!e.server_address.empty() && (!whodid::parse_ip(e.server_address) || e.server_port == 0)) abort();
    if (e.sudo_uid == UINT32_MAX) abort();
    if (e.tty.size() + e.sudo_user.size() + e.sudo_command.size() > size) abort();
    return 0;
}
