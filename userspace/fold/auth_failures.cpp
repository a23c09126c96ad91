// SPDX-License-Identifier: Apache-2.0
// Counting attempts.
#include "fold/auth_failures.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "event/kinds.h"

namespace whodid {

namespace {

constexpr std::uint64_t kAttemptsNs = 60'000'000'000;

/// What a person who is logged in gets wrong is told each time.
bool is_at_door(const Event& event) {
    return event.kind->id == REC_AUTH_ATTEMPT && event.failed() &&
           (!event.process || event.process->login_uid == REC_UNSET);
}

std::uint64_t key_of_attempt(const Event& event) {
    const auto& r = event.as<rec_auth>();
    Id128 key = hash_numbers({}, {r.verified, static_cast<std::uint64_t>(r.h.result)});
    for (const rec_str& fact : {r.service, r.method, r.account, r.account_hash, r.address, r.terminal})
        key = hash_numbers(key, {hash_bytes(event.text(fact)).low});
    return key.low;
}

}  // namespace

bool AuthFailures::take(const Event& event) {
    if (!is_at_door(event)) return false;
    const std::uint64_t key = key_of_attempt(event);
    const auto found = sorts_.find(key);
    if (found == sorts_.end()) {
        if (sorts_.size() >= kSortsMax) {
            ++evicted_;
            return false;
        }
        Sort& sort = sorts_[key];
        sort.first.keep(event);
        sort.since_ns = event.record->boot_ns;
        if (sorts_.size() == 1) due_ns_ = sort.since_ns + kAttemptsNs;
        return false;
    }
    ++found->second.more;
    found->second.last_wall_ns = event.wall_ns;
    return true;
}

void AuthFailures::tick(std::uint64_t boot_ns, Arena& arena, const std::function<void(Event)>& tell) {
    if (boot_ns < due_ns_) return;
    std::uint64_t due_ns = ~std::uint64_t{0};
    std::erase_if(sorts_, [&](const auto& entry) {
        const Sort& sort = entry.second;
        if (boot_ns < sort.since_ns + kAttemptsNs) {
            due_ns = std::min(due_ns, sort.since_ns + kAttemptsNs);
            return false;
        }
        if (sort.more == 0) return true;
        Event event = sort.first.recall(arena);
        event.first_ns = event.wall_ns;
        event.last_ns = event.wall_ns = sort.last_wall_ns;
        event.count = sort.more + 1;
        event.closes_fold = true;
        tell(std::move(event));
        return true;
    });
    due_ns_ = due_ns;
}

}  // namespace whodid
