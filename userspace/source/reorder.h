// SPDX-License-Identifier: Apache-2.0
// Reorder: holds records back for a moment, so that two rings and several CPUs come out in order of time.
#pragma once

#include <whodid/record.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <queue>
#include <span>
#include <vector>

namespace whodid {

/// Measured on one shared ring: 0.1 to 0.3 % of records out of order, by at most 70 us, and by up to 76 ms in
/// a virtual machine that got no CPU (ARCHITECTURE, "Order").
constexpr std::uint64_t kReorderWindowNs = 100'000'000;

/// What comes out in the order it was put in. Memory that was used is used again.
template <class T>
class Run {
public:
    bool empty() const { return head_ == items_.size(); }
    const T& front() const { return items_[head_]; }
    const T& back() const { return items_.back(); }
    void push(const T& item) {
        if (items_.size() == items_.capacity() && head_ > items_.size() / 2) drop_gone();
        items_.push_back(item);
        most_ = std::max(most_, items_.size());
    }
    void pop() {
        if (++head_ == items_.size()) drop_gone();
    }
    /// Gives the memory back when little of it was needed since the last call.
    void trim() {
        drop_gone();
        if (most_ < items_.capacity() / 4) items_.shrink_to_fit();
        most_ = items_.size();
    }

private:
    void drop_gone() {
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }

    std::vector<T> items_;
    std::size_t head_ = 0;  // of those that are left
    std::size_t most_ = 0;  // there were since the last trim()
};

class Reorder {
public:
    /// Copies the record. Too short for a header: false.
    bool add(std::span<const char> bytes) {
        if (bytes.size() < sizeof(rec_hdr)) return false;
        rec_hdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        Chunk& chunk = chunk_with_room(bytes.size());
        char* at = chunk.memory.get() + chunk.used;
        std::memcpy(at, bytes.data(), bytes.size());
        chunk.used += bytes.size();
        ++chunk.held;
        put({header.boot_ns, next_++, &chunk, {at, bytes.size()}});
        return true;
    }

    /// Hands over, in order, what happened up to that time: take(bytes, late).
    template <class Take>
    void release(std::uint64_t until_boot_ns, Take take) {
        while (held_ != 0) {
            Run<Held>* run = earliest();
            const Held held = run ? run->front() : heap_.top();
            if (held.boot_ns > until_boot_ns) return;
            if (run)
                run->pop();
            else
                heap_.pop();
            --held_;
            const bool late = held.boot_ns < released_ns_;
            if (!late) released_ns_ = held.boot_ns;
            take(held.bytes, late);
            if (--held.chunk->held == 0) let_go(held.chunk);
        }
    }

    std::size_t held() const { return held_; }

    /// Gives back the memory that was not needed since the last call. Call now and then.
    void trim() {
        spare_.resize(spare_.size() - unneeded_);
        unneeded_ = spare_.size();
        for (Run<Held>& run : runs_) run.trim();
    }

private:
    /// Records that came one after the other, which leave about so too: memory is taken and given back for
    /// many at once.
    struct Chunk {
        std::unique_ptr<char[]> memory;
        std::size_t size = 0, used = 0;
        std::size_t held = 0;  // records
    };
    struct Held {
        std::uint64_t boot_ns, arrival;
        Chunk* chunk;
        std::span<char> bytes;
    };
    struct Later {
        bool operator()(const Held& a, const Held& b) const {
            return a.boot_ns != b.boot_ns ? a.boot_ns > b.boot_ns : a.arrival > b.arrival;
        }
    };
    /// Behind the latest that went before it: each ring gives about one run. What came before the ends of all
    /// of them takes longer.
    void put(const Held& held) {
        ++held_;
        Run<Held>* best = nullptr;
        for (Run<Held>& run : runs_) {
            const bool fits = run.empty() || Later()(held, run.back());
            if (fits && (!best || (!run.empty() && (best->empty() || Later()(run.back(), best->back())))))
                best = &run;
        }
        if (best)
            best->push(held);
        else
            heap_.push(held);
    }

    /// The run whose first is the next to come out; null: the heap's is. There is one.
    Run<Held>* earliest() {
        Run<Held>* first = nullptr;
        for (Run<Held>& run : runs_)
            if (!run.empty() && (!first || Later()(first->front(), run.front()))) first = &run;
        return first && !heap_.empty() && Later()(first->front(), heap_.top()) ? nullptr : first;
    }

    static constexpr std::size_t kChunkBytes = 256 * 1024;

    /// The last one is being filled.
    Chunk& chunk_with_room(std::size_t bytes) {
        if (!chunks_.empty() && chunks_.back()->size - chunks_.back()->used >= bytes) return *chunks_.back();
        if (!spare_.empty() && spare_.back()->size >= bytes) {
            chunks_.push_back(std::move(spare_.back()));
            spare_.pop_back();
            unneeded_ = std::min(unneeded_, spare_.size());
        } else {
            const std::size_t size = std::max(bytes, kChunkBytes);
            chunks_.push_back(
                std::make_unique<Chunk>(Chunk{std::make_unique_for_overwrite<char[]>(size), size}));
        }
        return *chunks_.back();
    }
    void let_go(Chunk* empty) {
        empty->used = 0;
        if (empty == chunks_.back().get()) return;
        const auto at = std::ranges::find(chunks_, empty, &std::unique_ptr<Chunk>::get);
        spare_.push_back(std::move(*at));
        chunks_.erase(at);
    }

    std::array<Run<Held>, 4> runs_;
    std::priority_queue<Held, std::vector<Held>, Later> heap_;
    std::size_t held_ = 0;
    std::vector<std::unique_ptr<Chunk>> chunks_;  // with records, in the order they came
    std::vector<std::unique_ptr<Chunk>> spare_;
    std::size_t unneeded_ = 0;  // the fewest spare ones since the last trim()
    std::uint64_t next_ = 0, released_ns_ = 0;
};

}  // namespace whodid
