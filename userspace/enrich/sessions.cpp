// SPDX-License-Identifier: Apache-2.0
// Logins by audit session number.
#include "enrich/sessions.h"

#include <algorithm>
#include <utility>

namespace whodid {

Sessions::Entry& Sessions::entry(std::uint32_t audit_session, std::uint32_t login_uid) {
    const auto found = sessions_.find(audit_session);
    if (found != sessions_.end()) return found->second;
    if (sessions_.size() >= kMax) make_room();
    Entry& made = sessions_[audit_session];
    auto session = std::make_shared<Session>();
    session->id = std::to_string(audit_session);
    session->entity = hash_numbers(stream_.boot, {audit_session});
    session->audit_session = audit_session;
    session->login_uid = login_uid;
    session->origin_type = "unknown";
    made.snapshot = std::move(session);
    return made;
}

void Sessions::make_room() {
    std::erase_if(sessions_, [](const auto& item) { return item.second.ended; });
    if (sessions_.size() < kMax) return;
    // Numbers rise: the lowest is the oldest.
    auto oldest = sessions_.begin();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it)
        if (it->first < oldest->first) oldest = it;
    sessions_.erase(oldest);
    ++evicted_;
}

std::shared_ptr<const Session> Sessions::of(std::uint32_t audit_session, std::uint32_t login_uid) {
    if (audit_session == REC_UNSET) return nullptr;
    return entry(audit_session, login_uid).snapshot;
}

void Sessions::learn(std::uint32_t audit_session, std::uint32_t login_uid,
                     const std::function<void(Session&)>& edit) {
    if (audit_session == REC_UNSET) return;
    Entry& e = entry(audit_session, login_uid);
    auto copy = std::make_shared<Session>(*e.snapshot);
    edit(*copy);
    e.snapshot = std::move(copy);
}

SessionTotals* Sessions::totals(std::uint32_t audit_session) {
    const auto found = sessions_.find(audit_session);
    return found == sessions_.end() ? nullptr : &found->second.totals;
}

bool Sessions::announce(std::uint32_t audit_session) {
    const auto found = sessions_.find(audit_session);
    if (found == sessions_.end() || std::exchange(found->second.announced, true)) return false;
    last_announced_ = std::max(last_announced_, audit_session);
    return true;
}

bool Sessions::announced(std::uint32_t audit_session) const {
    const auto found = sessions_.find(audit_session);
    return found != sessions_.end() && found->second.announced;
}

bool Sessions::end(std::uint32_t audit_session) {
    const auto found = sessions_.find(audit_session);
    if (found == sessions_.end() || !found->second.announced) return false;
    return !std::exchange(found->second.ended, true);
}

void Sessions::for_each(const std::function<void(const Session&)>& f) const {
    for (const auto& [number, e] : sessions_)
        if (!e.ended) f(*e.snapshot);
}

}  // namespace whodid
