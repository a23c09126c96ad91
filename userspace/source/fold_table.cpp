// SPDX-License-Identifier: Apache-2.0
// Closing and reading the entries.
#include "source/fold_table.h"

#include <algorithm>
#include <cerrno>

namespace whodid {

namespace {

constexpr std::uint64_t kGeneration = 0x00ff'ffff'0000'0000, kNextGeneration = 1ull << 32;

std::uint64_t word_of(const rec_fold& fold) { return __atomic_load_n(&fold.word, __ATOMIC_ACQUIRE); }
rec_fold_state state_of(std::uint64_t word) { return static_cast<rec_fold_state>(word >> 56); }
std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

std::uint64_t in_state(std::uint64_t word, rec_fold_state state) {
    return (word & ~(0xffull << 56)) | static_cast<std::uint64_t>(state) << 56;
}

/// Of the next generation, as in bpf/fold.bpf.h: who still looks at this one cannot change it.
std::uint64_t freed(std::uint64_t word) { return (word + kNextGeneration) & kGeneration; }

bool swap_word(rec_fold& fold, std::uint64_t from, std::uint64_t to) {
    return __atomic_compare_exchange_n(&fold.word, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool was_denied(const rec_fold_key& key) { return key.result == -EPERM || key.result == -EACCES; }

bool is_interactive(const rec_fold& fold) { return (fold.key.flags & REC_FOLD_INTERACTIVE) != 0; }

rec_folded record_of(const rec_fold& fold, std::uint32_t entry, std::uint64_t now_ns) {
    rec_folded record{};
    record.h.size = sizeof record;
    record.h.kind = REC_RAW_FOLD;
    record.h.boot_ns = now_ns;
    record.h.cpu = REC_OWN_CPU;
    record.h.task.loginuid = fold.key.loginuid;
    record.h.task.sessionid = fold.key.sessionid;
    record.h.task.euid = fold.key.euid;
    record.h.task.cgroup_id = fold.key.cgroup_id;
    record.h.task.fold = static_cast<rec_u16>(entry + 1);
    record.key = fold.key;
    record.count = count_of(word_of(fold));
    record.first_ns = fold.first_ns;
    record.last_ns = fold.last_ns;
    record.of_seq = fold.of_seq;
    record.of_cpu = fold.of_cpu;
    record.bytes_sent = fold.bytes_sent;
    record.bytes_received = fold.bytes_received;
    return record;
}

}  // namespace

bool FoldTable::is_due(std::uint32_t entry, std::uint64_t now_ns) const {
    const rec_fold& fold = entries_[entry];
    const bool soon = was_denied(fold.key) || watched_[entry];
    return now_ns >= fold.first_ns + (soon ? short_ns() : window_.ns);
}

/// Of its life, which `word` is the end of. What is told each time keeps its key.
void FoldTable::free(std::uint32_t entry, std::uint64_t word) {
    rec_fold& fold = entries_[entry];
    const bool tells = watched_[entry] && is_interactive(fold);
    if (swap_word(fold, word, tells ? in_state(freed(word), REC_FOLD_TELL) : freed(word)))
        watched_[entry] = false;
}

void FoldTable::watch(const rec_hdr& first) {
    const std::uint32_t entry = first.task.fold - 1u;
    if (first.task.fold == 0 || entry >= entries_.size()) return;
    rec_fold& fold = entries_[entry];
    const std::uint64_t word = word_of(fold);
    const bool is_it =
        state_of(word) == REC_FOLD_OPEN && fold.of_seq == first.seq && fold.of_cpu == first.cpu;
    if (!is_it) return;
    watched_[entry] = true;
    if (!is_interactive(fold)) return;
    close(entry, word);
    look_due_ns_ = 0;
}

/// Unless it has changed meanwhile.
void FoldTable::close(std::uint32_t entry, std::uint64_t word) {
    if (count_of(word) == 0)
        free(entry, word);
    else
        (void)swap_word(entries_[entry], word, in_state(word, REC_FOLD_CLOSED));
}

void FoldTable::take_closed(std::uint32_t entry, std::uint64_t now_ns, const Take& take) {
    if (told_[entry]) return;
    told_[entry] = true;
    taken_.push_back({now_ns, entry});
    take(record_of(entries_[entry], entry, now_ns));
}

void FoldTable::look_at(std::uint32_t entry, std::uint64_t now_ns, const Take& take) {
    const rec_fold& fold = entries_[entry];
    const std::uint64_t word = word_of(fold);
    if (state_of(word) == REC_FOLD_CLOSED)
        take_closed(entry, now_ns, take);
    else if (state_of(word) == REC_FOLD_OPEN && is_due(entry, now_ns))
        close(entry, word);  // at the next look, when an act came in between
    else if (state_of(word) == REC_FOLD_TELL && now_ns >= fold.last_ns + window_.ns)
        free(entry, word);
}

/// Twice in the shortest time after which one is due: so each is known when it is.
void FoldTable::tick(std::uint64_t now_ns, const Take& take) {
    if (now_ns >= look_due_ns_) {
        look_due_ns_ = now_ns + short_ns() / 2;
        in_use_.clear();
        for (std::uint32_t i = 0; i < entries_.size(); ++i)
            if (state_of(word_of(entries_[i])) != REC_FOLD_FREE) in_use_.push_back(i);
    }
    for (const std::uint32_t entry : in_use_) look_at(entry, now_ns, take);
}

void FoldTable::finish(std::uint64_t now_ns, const Take& take) {
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        rec_fold& fold = entries_[i];
        if (const std::uint64_t word = word_of(fold); state_of(word) == REC_FOLD_OPEN) close(i, word);
        if (state_of(word_of(fold)) == REC_FOLD_CLOSED) take_closed(i, now_ns, take);
    }
}

void FoldTable::release(std::uint64_t until_boot_ns) {
    while (!taken_.empty() && taken_.front().at_ns <= until_boot_ns) {
        const std::uint32_t entry = taken_.front().entry;
        free(entry, word_of(entries_[entry]));
        told_[entry] = false;
        taken_.pop_front();
    }
}

}  // namespace whodid
