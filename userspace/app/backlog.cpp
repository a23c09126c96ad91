// SPDX-License-Identifier: Apache-2.0
// Sorting what waits in the rings.
#include "app/backlog.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "enrich/processes.h"

namespace whodid {

namespace {

rec_hdr header_of(std::span<const char> record) {
    rec_hdr header{};
    if (record.size() >= sizeof header) std::memcpy(&header, record.data(), sizeof header);
    return header;
}

void forget_exe(std::vector<char>& record) {
    rec_process listed;
    if (record.size() < sizeof listed) return;
    std::memcpy(&listed, record.data(), sizeof listed);
    listed.exe = {0, 0, REC_PATH_ABSENT, 0};
    listed.exe_inode = 0;
    listed.exe_dev = 0;
    std::memcpy(record.data(), &listed, sizeof listed);
}

void forget_login(std::vector<char>& record) {
    rec_hdr header = header_of(record);
    if (record.size() < sizeof header) return;
    header.task.loginuid = header.task.sessionid = REC_UNSET;
    std::memcpy(record.data(), &header, sizeof header);
}

std::uint64_t rest(std::uint64_t from, std::uint64_t taken) { return from > taken ? from - taken : 0; }

}  // namespace

void Backlog::add(std::span<const char> record, bool had) {
    const rec_hdr header = header_of(record);
    const bool is_listed = header.kind == REC_RAW_TASK;
    const bool is_told = had && header.boot_ns <= (is_listed ? listed_until_ns_ : told_until_ns_);
    (is_told ? told_ : is_listed ? listing_ : fresh_).emplace_back(record.begin(), record.end());
    if (had && !is_told && header.kind < taken_again_.size()) ++taken_again_[header.kind];
}

void Backlog::sort() {
    std::ranges::stable_sort(told_, {}, [](const auto& record) { return header_of(record).boot_ns; });
    std::unordered_set<ProcessKey, ProcessKeyHash> execs;
    for (const Records* records : {&told_, &fresh_}) {
        for (const auto& record : *records) {
            const rec_hdr header = header_of(record);
            if (header.kind == REC_PROCESS_EXEC && header.result == 0) execs.insert(key_of(header.task));
        }
    }
    for (auto& record : listing_) {
        const rec_task task = header_of(record).task;
        if (execs.contains(key_of(task))) forget_exe(record);
        if (task.sessionid != REC_UNSET && task.sessionid > last_session_) forget_login(record);
    }
}

Lost lost_records(const Checkpoint& from, const Backlog& backlog, std::size_t waiting) {
    Lost lost;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        lost.taken[kind] = rest(from.taken[kind], from.ledger[kind].received + backlog.taken_again()[kind]);
        lost.untold[kind] = rest(from.ledger[kind].summarized, from.ledger[kind].retold);
    }
    const LedgerLine& execs = from.ledger[REC_PROCESS_EXEC];
    const std::uint64_t came_out =
        execs.died + execs.malformed + execs.consumed + execs.folded + execs.delivered;
    lost.held = rest(rest(execs.received + execs.made, came_out), waiting);
    return lost;
}

void account_for(const Lost& lost, Ledger& ledger) {
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        ledger[kind].received += lost.taken[kind];
        ledger[kind].died += lost.of(kind);
        ledger[kind].delivered -= lost.untold[kind];
        ledger[kind].summarized -= lost.untold[kind];
    }
}

}  // namespace whodid
