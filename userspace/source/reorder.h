// SPDX-License-Identifier: Apache-2.0
// Reorder: holds records back for a moment, so that two rings and several CPUs come out in order of time.
#pragma once

#include <whodid/record.h>

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
        Held held{header.boot_ns, next_++, Bytes(bytes.begin(), bytes.end())};
        heap_.push(std::move(held));
        return true;
    }

    /// Hands over, in order, what happened up to that time: take(bytes, late).
    template <class Take>
    void release(std::uint64_t until_boot_ns, Take take) {
        while (!heap_.empty() && heap_.top().boot_ns <= until_boot_ns) {
            // A heap's top is const; the bytes are moved out just before it is popped.
            Held held = std::move(const_cast<Held&>(heap_.top()));
            heap_.pop();
            const bool late = held.boot_ns < released_ns_;
            if (!late) released_ns_ = held.boot_ns;
            take(std::span<char>(held.bytes), late);
        }
    }

    std::size_t held() const { return heap_.size(); }

private:
    using Bytes = std::vector<char>;
    struct Held {
        std::uint64_t boot_ns, arrival;
        Bytes bytes;
    };
    struct Later {
        bool operator()(const Held& a, const Held& b) const {
            return a.boot_ns != b.boot_ns ? a.boot_ns > b.boot_ns : a.arrival > b.arrival;
        }
    };

    std::priority_queue<Held, std::vector<Held>, Later> heap_;
    std::uint64_t next_ = 0, released_ns_ = 0;
};

}  // namespace whodid
