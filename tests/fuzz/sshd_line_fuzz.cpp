// SPDX-License-Identifier: Apache-2.0
// Any log line: fields no longer than the line, the address real, an honest line around any name read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/ip_address.h"
#include "enrich/sshd_line.h"

namespace {

void check_bounds(std::string_view text) {
    const auto line = whodid::parse_sshd_line(text);
    if (!line) return;
    std::size_t total = 0;
    for (const std::string* field :
         {&line->method, &line->address, &line->key_type, &line->fingerprint, &line->cert_id,
          &line->ca_key_type, &line->ca_fingerprint, &line->method_info, &line->session, &line->tty,
          &line->reason, &line->tag}) {
        total += field->size();
    }
    if (line->kind != whodid::SshdKind::kRootRefused) total += line->user.size();
    if (total > text.size()) abort();
    const std::string_view address = line->address;
    if (!address.empty() && !whodid::parse_ip(address.substr(0, address.find('%')))) abort();
}

// What sshd logs after the name is its own, so no name can change the address and port of a failed password.
void check_hostile_name(std::string_view text) {
    const std::string name(text.substr(0, text.find_first_of(std::string_view("\0\\", 2))));
    const auto line = whodid::parse_sshd_line("<38>sshd[7]: Failed password for invalid user " + name +
                                              " from 198.51.100.7 port 4711 ssh2");
    if (!line || line->address != "198.51.100.7" || line->port != 4711 || line->user != name) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_bounds(text);
    check_hostile_name(text);
    return 0;
}
