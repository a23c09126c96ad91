// SPDX-License-Identifier: Apache-2.0
// Reorder: holds records back for a moment, so that two rings and several CPUs come out in order of time.
#pragma once

#include <whodid/record.h>

#include <algorithm>
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
        heap_.push({header.boot_ns, next_++, &chunk, {at, bytes.size()}});
        return true;
    }

    /// Hands over, in order, what happened up to that time: take(bytes, late).
    template <class Take>
    void release(std::uint64_t until_boot_ns, Take take) {
        while (!heap_.empty() && heap_.top().boot_ns <= until_boot_ns) {
            const Held held = heap_.top();
            heap_.pop();
            const bool late = held.boot_ns < released_ns_;
            if (!late) released_ns_ = held.boot_ns;
            take(held.bytes, late);
            if (--held.chunk->held == 0) let_go(held.chunk);
        }
    }

    std::size_t held() const { return heap_.size(); }

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
    static constexpr std::size_t kChunkBytes = 256 * 1024, kSpareMax = 4;

    /// The last one is being filled.
    Chunk& chunk_with_room(std::size_t bytes) {
        if (!chunks_.empty() && chunks_.back()->size - chunks_.back()->used >= bytes) return *chunks_.back();
        if (!spare_.empty() && spare_.back()->size >= bytes) {
            chunks_.push_back(std::move(spare_.back()));
            spare_.pop_back();
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
        if (spare_.size() < kSpareMax) spare_.push_back(std::move(*at));
        chunks_.erase(at);
    }

    std::priority_queue<Held, std::vector<Held>, Later> heap_;
    std::vector<std::unique_ptr<Chunk>> chunks_;  // with records, in the order they came
    std::vector<std::unique_ptr<Chunk>> spare_;
    std::uint64_t next_ = 0, released_ns_ = 0;
};

}  // namespace whodid
