// SPDX-License-Identifier: Apache-2.0
// RingSource: reads the kernel's rings. Takes descriptors; the loader makes them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "source/source.h"

namespace whodid {

/// Borrowed descriptors of a loaded kernel side.
struct KernelDescriptors {
    int ring = -1, vital_ring = -1;
};

/// One ring's memory, as Documentation/bpf/ringbuf.rst has it: a page with the reader's position, one with
/// the writer's, and the data twice in a row, so that no record is cut in two. Positions count bytes since
/// the ring was made.
class Ring {
public:
    /// `bytes` of data, a power of two.
    Ring(std::uint64_t* consumer, const std::uint64_t* producer, const char* data, std::uint64_t bytes)
        : consumer_(consumer), producer_(producer), data_(data), bytes_(bytes) {}

    /// Calls take(record, end) for each that is complete, in the order of their places, from `at` on; tells
    /// where the first stands that is not.
    template <class Take>
    std::uint64_t read(std::uint64_t at, Take take) const {
        const std::uint64_t written = __atomic_load_n(producer_, __ATOMIC_ACQUIRE);
        while (at < written) {
            const char* head = data_ + (at & (bytes_ - 1));
            const std::uint32_t word =
                __atomic_load_n(reinterpret_cast<const std::uint32_t*>(head), __ATOMIC_ACQUIRE);
            if (word & kBusy) break;
            const std::uint32_t length = word & ~kDiscarded;
            at += (length + kHead + 7) / 8 * 8;
            if (!(word & kDiscarded)) take(std::span<const char>(head + kHead, length), at);
        }
        return at;
    }

    std::uint64_t bytes() const { return bytes_; }
    /// That are not given back: not read, or kept for a successor.
    std::uint64_t used() const { return __atomic_load_n(producer_, __ATOMIC_ACQUIRE) - consumed(); }
    std::uint64_t consumed() const { return __atomic_load_n(consumer_, __ATOMIC_ACQUIRE); }
    /// What is before that may be written over.
    void give_back(std::uint64_t until) { __atomic_store_n(consumer_, until, __ATOMIC_RELEASE); }

private:
    static constexpr std::uint32_t kBusy = 1u << 31, kDiscarded = 1u << 30;  // linux/bpf.h: BPF_RINGBUF_*
    static constexpr std::uint32_t kHead = 8;                                // BPF_RINGBUF_HDR_SZ

    std::uint64_t* consumer_;
    const std::uint64_t* producer_;
    const char* data_;
    std::uint64_t bytes_;
};

/// How full a ring is: bytes that wait, or are kept for a successor.
struct RingUse {
    std::string_view name;
    std::uint64_t used = 0, size = 0;
    std::uint64_t peak = 0;  // the most that were, when it was looked at before each drain
};

/// A place in each of the rings.
struct RingPlaces {
    std::uint64_t vital = 0, events = 0;
};

class RingSource : public Source {
public:
    /// `keep_bytes` 0: room is given back as soon as a record was handed over. Else records stay in the
    /// rings, each up to so many bytes and a quarter of the ring, until give_back(): whoever opens the rings
    /// next reads them again.
    static Result<std::unique_ptr<RingSource>> open(const KernelDescriptors& fds,
                                                    std::uint64_t keep_bytes = 0);
    ~RingSource() override;
    RingSource(const RingSource&) = delete;
    RingSource& operator=(const RingSource&) = delete;

    Result<bool> drain(const Take& take) override;
    int wait_fd() const override { return epoll_.get(); }
    /// To be called when that was readable, before a drain: what is written from now on wakes again.
    void woken();

    /// In place of the first drain: from `from` on, and whether it lies before `read`, to which another
    /// reader had come.
    using TakeAgain = std::function<void(std::span<const char>, bool had)>;
    void read_again(const RingPlaces& from, const RingPlaces& read, const TakeAgain& take);

    /// How far it has read.
    RingPlaces read() const { return {sides_[kVital].read, sides_[kEvents].read}; }
    /// How far room can be given back when all that happened until then is done with. Of the vital ring, from
    /// which a reader learns who is who, as much stays as may.
    RingPlaces done(std::uint64_t until_boot_ns);
    void give_back(const RingPlaces& until);

    std::vector<RingUse> uses() const;

private:
    enum : std::size_t { kVital, kEvents };  // the vital ring first: what a process is, before what it did
    struct Kept {
        std::uint64_t end, boot_ns;
    };
    struct Side {
        explicit Side(const Ring& r) : ring(r), read(r.consumed()), done(read) {}
        Ring ring;
        std::uint64_t read, done, keep_bytes = 0, peak = 0;
        std::deque<Kept> kept;
        void *consumer = nullptr, *producer = nullptr;  // mapped: a page, and the rest
        std::size_t producer_bytes = 0;
    };

    RingSource() = default;
    Result<void> add(int fd, std::uint64_t keep_bytes);
    using TakePlaced = std::function<void(std::span<const char>, std::uint64_t end)>;
    static void read_side(Side& side, const TakePlaced& take);

    Fd epoll_;
    std::deque<Side> sides_;
};

}  // namespace whodid
