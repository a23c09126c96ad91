// SPDX-License-Identifier: Apache-2.0
// Any text: fields no longer than it, and no value that starts a line of its own.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/logind_session.h"

namespace {

void check_bounds(std::string_view text) {
    const auto session = whodid::parse_logind_session(text);
    if (!session) return;
    std::size_t total = 0;
    for (const std::string* field :
         {&session->user, &session->state, &session->remote_host, &session->remote_user, &session->service,
          &session->type, &session->session_class, &session->tty, &session->seat, &session->scope}) {
        total += field->size();
    }
    if (total > text.size() || session->uid == UINT32_MAX) abort();
    if (session->audit_session == UINT32_MAX || session->audit_session == 0u) abort();
}

// Written as systemd's cescape writes it, a value comes back as it was and touches no other.
void check_round_trip(std::string_view value) {
    std::string escaped;
    for (char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        escaped += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
                    static_cast<char>('0' + (byte & 7))};
    }
    const auto session = whodid::parse_logind_session("UID=7\nREMOTE_HOST=" + escaped + "\nTTY=pts/0\n");
    if (!session || session->uid != 7 || session->remote_host != value || session->tty != "pts/0") abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_bounds(text);
    check_round_trip(text);
    return 0;
}
