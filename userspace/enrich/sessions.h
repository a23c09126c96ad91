// SPDX-License-Identifier: Apache-2.0
// Sessions: logins by audit session number, and what has been learnt about each.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/table_size.h"
#include "event/actor.h"
#include "event/event.h"

namespace whodid {

/// What happened in a session so far; told when it ends.
struct SessionTotals {
    std::uint64_t execs = 0, writes = 0, bytes_sent = 0, bytes_received = 0;
};

class Sessions {
public:
    explicit Sessions(const Stream& stream) : stream_(stream) {}

    /// The snapshot in force; makes one for a number not seen before. Null when `audit_session` is unset.
    std::shared_ptr<const Session> of(std::uint32_t audit_session, std::uint32_t login_uid);

    /// Replaces the snapshot by an edited copy. Does nothing for an unset number.
    void learn(std::uint32_t audit_session, std::uint32_t login_uid,
               const std::function<void(Session&)>& edit);

    /// Null when unset.
    SessionTotals* totals(std::uint32_t audit_session);

    /// A session.start was made for it, or it is older than the sensor. True the first time.
    bool announce(std::uint32_t audit_session);
    bool announced(std::uint32_t audit_session) const;
    /// The highest number that was; 0: none.
    std::uint32_t last_announced() const { return last_announced_; }
    /// True when it was announced and had not ended yet.
    bool end(std::uint32_t audit_session);

    /// Calls f(session) for each that has not ended.
    void for_each(const std::function<void(const Session&)>& f) const;

    std::size_t size() const { return sessions_.size(); }
    TableSize table_size() const { return {"sessions", sessions_.size(), kMax, evicted_}; }

private:
    struct Entry {
        std::shared_ptr<const Session> snapshot;
        SessionTotals totals;
        bool announced = false, ended = false;
    };
    static constexpr std::size_t kMax = 16384;  // entries; the oldest ended ones make room

    Entry& entry(std::uint32_t audit_session, std::uint32_t login_uid);
    void make_room();

    const Stream& stream_;
    std::unordered_map<std::uint32_t, Entry> sessions_;
    std::uint64_t evicted_ = 0;
    std::uint32_t last_announced_ = 0;
};

}  // namespace whodid
