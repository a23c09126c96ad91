// SPDX-License-Identifier: Apache-2.0
// Acts of the sensor's own that must come back.
#include "app/canary.h"

#include <fmt/format.h>
#include <unistd.h>

namespace whodid {

namespace {

std::string_view text(const rec_hdr& record, rec_str slice) {
    return {reinterpret_cast<const char*>(&record) + slice.off, slice.len};
}

}  // namespace

// No file can be below /dev/null, and nothing listens at a name that was just made up.
Canary::Canary(std::uint64_t period_ns, std::uint64_t start_ns, std::string_view nonce,
               std::uint32_t predecessor)
    : period_ns_(period_ns),
      due_ns_(start_ns + period_ns),
      self_(static_cast<std::uint32_t>(::getpid())),
      predecessor_(predecessor),
      path_(fmt::format("/dev/null/whodid-{}", nonce)),
      name_(fmt::format("@whodid-{}", nonce)) {}

void Canary::sent(std::uint64_t now_ns) {
    due_ns_ = now_ns + period_ns_;
    for (Act& act : acts_) ++act.missed;
}

bool Canary::takes(const rec_hdr& record) {
    const std::uint32_t by = record.task.tgid;
    if (by != self_ && (predecessor_ == 0 || by != predecessor_)) return false;
    const bool opened =
        record.kind == REC_FILE_OPEN && text(record, reinterpret_cast<const rec_file&>(record).name) == path_;
    const bool connected = record.kind == REC_NETWORK_CONNECT &&
                           text(record, reinterpret_cast<const rec_net&>(record).unix_path) == name_;
    if (!opened && !connected) return false;
    acts_[opened ? 0 : 1].missed = 0;
    return true;
}

std::vector<std::string> Canary::changes() {
    std::vector<std::string> told;
    for (Act& act : acts_) {
        const bool blind = act.missed >= kMissedMax;
        if (!act.blind && blind)
            told.push_back(fmt::format("{} of its own did not come back {} times", act.call, act.missed));
        else if (act.blind && act.missed == 0)
            told.push_back(fmt::format("{} of its own comes back again", act.call));
        else
            continue;
        act.blind = blind;
    }
    return told;
}

}  // namespace whodid
