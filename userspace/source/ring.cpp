// SPDX-License-Identifier: Apache-2.0
// The rings' reader. libbpf's gives each record's room back at once, and with it what a successor would need.
#include "source/ring.h"

#include <bpf/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>
#include <whodid/record.h>

#include <algorithm>
#include <cstring>

namespace whodid {

namespace {

std::uint64_t boot_ns_of(std::span<const char> record) {
    rec_hdr header{};
    if (record.size() >= sizeof header) std::memcpy(&header, record.data(), sizeof header);
    return header.boot_ns;
}

}  // namespace

Result<std::unique_ptr<RingSource>> RingSource::open(const KernelDescriptors& fds, std::uint64_t keep_bytes) {
    std::unique_ptr<RingSource> source(new RingSource);
    source->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!source->epoll_.valid()) return Error::from_errno("cannot wait for the rings");
    for (const int fd : {fds.vital_ring, fds.ring})
        if (auto added = source->add(fd, keep_bytes); !added) return added.error();
    return source;
}

Result<void> RingSource::add(int fd, std::uint64_t keep_bytes) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
        return Error::from_errno("cannot ask for a ring's size");
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (consumer == MAP_FAILED) return Error::from_errno("cannot map a ring");
    const std::size_t bytes = page + 2 * std::size_t{info.max_entries};
    void* producer = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(page));
    if (producer == MAP_FAILED) {
        const int code = errno;
        ::munmap(consumer, page);
        return Error::from_errno("cannot map a ring", code);
    }
    Side& side = sides_.emplace_back(Ring(static_cast<std::uint64_t*>(consumer),
                                          static_cast<const std::uint64_t*>(producer),
                                          static_cast<const char*>(producer) + page, info.max_entries));
    side.keep_bytes = std::min<std::uint64_t>(keep_bytes, info.max_entries / 4);
    side.consumer = consumer;
    side.producer = producer;
    side.producer_bytes = bytes;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;  // a ring whose records stay in it is always readable
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        return Error::from_errno("cannot wait for a ring");
    return {};
}

RingSource::~RingSource() {
    for (const Side& side : sides_) {
        ::munmap(side.consumer, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
        ::munmap(side.producer, side.producer_bytes);
    }
}

void RingSource::read_side(Side& side, const TakePlaced& take) {
    side.read = side.ring.read(side.read, [&](std::span<const char> record, std::uint64_t end) {
        if (side.keep_bytes != 0) side.kept.push_back({end, boot_ns_of(record)});
        take(record, end);
        if (side.keep_bytes == 0) side.ring.give_back(end);
    });
}

void RingSource::woken() {
    epoll_event seen[2];
    (void)::epoll_wait(epoll_.get(), seen, 2, 0);
}

Result<bool> RingSource::drain(const Take& take) {
    for (Side& side : sides_) {
        side.peak = std::max(side.peak, side.ring.used());
        read_side(side, [&](std::span<const char> record, std::uint64_t) { take(record); });
    }
    return true;
}

std::vector<RingUse> RingSource::uses() const {
    const Side &vital = sides_[kVital], &events = sides_[kEvents];
    return {{"vital", vital.ring.used(), vital.ring.bytes(), vital.peak},
            {"events", events.ring.used(), events.ring.bytes(), events.peak}};
}

void RingSource::read_again(const RingPlaces& from, const RingPlaces& read, const TakeAgain& take) {
    const std::uint64_t starts[] = {from.vital, from.events}, had[] = {read.vital, read.events};
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        sides_[i].read = sides_[i].done = std::max(starts[i], sides_[i].ring.consumed());
        read_side(sides_[i],
                  [&, i](std::span<const char> record, std::uint64_t end) { take(record, end <= had[i]); });
    }
}

RingPlaces RingSource::done(std::uint64_t until_boot_ns) {
    for (Side& side : sides_) {
        const bool stays = &side == &sides_[kVital];
        while (!side.kept.empty()) {
            const Kept& oldest = side.kept.front();
            const bool fits = side.read - side.done <= side.keep_bytes;
            if (fits && (stays || oldest.boot_ns > until_boot_ns)) break;
            side.done = oldest.end;
            side.kept.pop_front();
        }
    }
    return {sides_[kVital].done, sides_[kEvents].done};
}

void RingSource::give_back(const RingPlaces& until) {
    sides_[kVital].ring.give_back(until.vital);
    sides_[kEvents].ring.give_back(until.events);
}

}  // namespace whodid
