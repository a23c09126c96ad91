// SPDX-License-Identifier: Apache-2.0
// Programs: what is known of the files that are started, looked up while their records wait for their place.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>

#include "base/table_size.h"
#include "enrich/program_examiner.h"
#include "enrich/seen_programs.h"
#include "event/decode.h"
#include "event/event.h"

namespace whodid {

class Programs {
public:
    /// `looks`: at this machine's files; otherwise nothing is known of any program.
    Programs(bool looks, SeenPrograms seen);
    /// Saves what was seen.
    ~Programs();

    /// A record that has just come, of any kind and not proven: when a program was started that is not known,
    /// it is looked at meanwhile. Nobody waits.
    void expect(std::span<const char> record);
    /// A process from before the sensor: its program was seen.
    void was_running(const Event& task);
    /// Puts into an exec what is known by now.
    void describe(Event& exec);
    /// Saves what was seen, once in a while.
    void tick(std::uint64_t boot_ns);

    TableSize table_size() const { return {"programs", known_.size(), kMax, evicted_}; }
    TableSize seen_size() const { return seen_.table_size(); }

private:
    static constexpr std::size_t kMax = 8192;  // programs
    static constexpr std::uint64_t kSaveNs = 60'000'000'000;

    struct Known {
        std::shared_ptr<const Program> program;  // null: nothing yet
        bool asked = false;
    };
    Known& known(const FileVersion& version);
    void take_findings();

    std::unique_ptr<ProgramExaminer> examiner_;  // on a live host only
    SeenPrograms seen_;
    // The oldest is forgotten, and looked at again should it be started once more.
    std::unordered_map<FileVersion, Known, FileVersionHash> known_;
    std::deque<FileVersion> by_age_;
    std::uint64_t saved_ns_ = 0, evicted_ = 0;
};

}  // namespace whodid
