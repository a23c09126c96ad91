// SPDX-License-Identifier: Apache-2.0
// HandOver: what a worker leaves to the one that takes over when it dies, at any moment and without a word:
// memory that both share, brought up to date whenever something was told.
#pragma once

#include <whodid/limits.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "app/pipeline.h"
#include "base/ledger.h"
#include "base/result.h"
#include "source/ring.h"

namespace whodid {

using KindCounts = std::array<std::uint64_t, WHODID_KIND_MAX>;

/// How far a worker came. A record lies before `read` if it was taken out of its ring, and was told (or fed
/// state) if besides it happened by `told_until_ns`; one that lists a process, by `listed_until_ns`.
struct Checkpoint {
    Ledger ledger;       // the kernel's columns: as far as its losses were told
    KindCounts taken{};  // records out of the rings, by all workers
    RingPlaces kept, read;
    std::uint64_t told_until_ns = 0, listed_until_ns = 0, losses_read_ns = 0;  // boot clock
    Pipeline::Numbers numbers;
};

class HandOver {
public:
    /// Made by the supervisor; its children have it too.
    static Result<std::unique_ptr<HandOver>> make();
    ~HandOver();
    HandOver(const HandOver&) = delete;
    HandOver& operator=(const HandOver&) = delete;

    const Checkpoint& last() const { return page_->checkpoints[page_->current.load()]; }
    /// All of it or nothing, whenever the writer is killed.
    void commit(const Checkpoint& checkpoint);

    /// Between these two a line may be torn.
    void write_begins() { page_->writing = 1; }
    void write_ended() { page_->writing = 0; }
    bool was_writing() const { return page_->writing != 0; }

    /// The worker's pump goes round, at this time of the monotonic clock.
    void moves(std::uint64_t now_ns) { page_->moved_ns = now_ns; }
    std::uint64_t moved_ns() const { return page_->moved_ns; }

    /// The worker has come so far that it tells events. `sensor`: who it is.
    void started(const rec_guard& sensor);
    bool has_started(std::uint32_t pid) const { return page_->sensor.tgid == pid; }
    /// The last that had started.
    const rec_guard& sensor() const { return page_->sensor; }
    /// Workers that began so far, this one too.
    std::uint32_t begin() { return ++page_->workers; }

    /// What came of reading the configuration again. Wall clock.
    struct Reloads {
        std::uint32_t done = 0, refused = 0;
        std::uint64_t last_wall_ns = 0;  // 0: never
        std::string last_error;          // empty: it was taken; else what was wrong, its beginning at least
    };
    /// The supervisor's to say.
    void reloaded(std::string_view error, std::uint64_t wall_ns);
    Reloads reloads() const;

private:
    struct Page {
        std::atomic<std::uint32_t> current, writing, workers;
        std::atomic<std::uint64_t> moved_ns;
        std::atomic<std::uint32_t> reloads, refused_reloads;
        std::atomic<std::uint64_t> reloaded_wall_ns;
        char reload_error[1024];  // ends with NUL
        rec_guard sensor;
        Checkpoint checkpoints[2];
    };
    explicit HandOver(Page* page) : page_(page) {}

    Page* page_;
};

}  // namespace whodid
