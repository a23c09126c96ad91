// SPDX-License-Identifier: Apache-2.0
// FoldTable: reads the kernel side's table of acts that are alike, where it lies, and closes its entries when
// their window is over. Every act is counted in exactly one place: an entry's word is changed by
// compare-and-swap only, on both sides (bpf/fold.bpf.h).
#pragma once

#include <whodid/record.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "base/table_size.h"

namespace whodid {

/// How long acts that are alike are counted together, from the first on.
struct FoldWindow {
    std::uint64_t ns = 60'000'000'000;
    static constexpr std::uint64_t kShortNs = 10'000'000'000;  // at most, for what was denied or is watched

    bool operator==(const FoldWindow&) const = default;
};

class FoldTable {
public:
    using Take = std::function<void(const rec_folded&)>;

    /// The entries outlive it. What a predecessor had closed and not told is told again: its events have the
    /// same ids.
    explicit FoldTable(std::span<rec_fold> entries = {}, FoldWindow window = {})
        : entries_(entries), window_(window), told_(entries.size()), watched_(entries.size()) {}

    /// What the entry counts is watched: the one whose number that first record has as task.fold. It is
    /// closed sooner; and what a person at a terminal does there is told each time from now on.
    void watch(const rec_hdr& first);

    /// Closes what is due, and takes what was closed by the call before: a program that had counted just then
    /// has noted its time by now. Entries that counted nothing are free again without a word. Call about once
    /// a second.
    void tick(std::uint64_t now_ns, const Take& take);

    /// Closes and takes everything. No program may be running any more.
    void finish(std::uint64_t now_ns, const Take& take);

    /// Entries that are in use, at the last look at all, and how many there are.
    TableSize table_size() const { return {"folds", in_use_.size(), entries_.size(), 0}; }

    /// What was taken up to then has been told: its entries are free again.
    void release(std::uint64_t until_boot_ns);

private:
    struct Taken {
        std::uint64_t at_ns;
        std::uint32_t entry;
    };
    void look_at(std::uint32_t entry, std::uint64_t now_ns, const Take& take);
    std::uint64_t short_ns() const { return std::min(window_.ns, FoldWindow::kShortNs); }
    bool is_due(std::uint32_t entry, std::uint64_t now_ns) const;
    void free(std::uint32_t entry, std::uint64_t word);
    void close(std::uint32_t entry, std::uint64_t word);
    void take_closed(std::uint32_t entry, std::uint64_t now_ns, const Take& take);

    std::span<rec_fold> entries_;
    FoldWindow window_;
    std::vector<bool> told_;     // taken, and not yet free
    std::vector<bool> watched_;  // until it is free again
    std::deque<Taken> taken_;
    std::vector<std::uint32_t> in_use_;  // as of the last look at all of them: most lie in no cache
    std::uint64_t look_due_ns_ = 0;
};

}  // namespace whodid
