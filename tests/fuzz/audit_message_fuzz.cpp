// SPDX-License-Identifier: Apache-2.0
// Any audit text: fields no longer than the text, addresses real, a cut text without an outcome.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/ip_address.h"
#include "enrich/audit_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const bool truncated = data[0] & 1;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto message = whodid::parse_audit_message(whodid::kUserAuth, text, truncated);
    if (!message) return 0;

    std::size_t total = 0;
    for (const std::string* field :
         {&message->op, &message->acct, &message->grantors, &message->exe, &message->hostname,
          &message->terminal, &message->cwd, &message->cmd, &message->grp, &message->kind, &message->fp}) {
        total += field->size();
    }
    if (total > text.size()) abort();
    if (!message->addr.empty() && !whodid::parse_ip(message->addr)) abort();
    if (message->id == UINT32_MAX) abort();
    if (truncated && message->outcome != whodid::AuditOutcome::kUnknown) abort();
    if (message->truncated != truncated) abort();
    return 0;
}
