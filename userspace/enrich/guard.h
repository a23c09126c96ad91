// SPDX-License-Identifier: Apache-2.0
// Guard: what is done to the sensor itself, found among the events that are told anyway.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/host.h"
#include "enrich/processes.h"
#include "event/event.h"

namespace whodid {

/// Its program, settings and state may be read; what it writes is nobody else's to open.
enum class GuardedUse { kProgram, kOutput, kSettings, kState };

struct GuardedFile {
    std::string path;  // absolute, links resolved
    FileId id;
    GuardedUse use = GuardedUse::kProgram;
    bool tree = false;  // a directory, whether it is there or not, and all that is below
};

/// enum rec_bpf_object, and the kernel's number.
using KernelObject = std::pair<std::uint32_t, std::uint32_t>;

struct Guarded {
    std::vector<ProcessKey> processes;
    std::vector<GuardedFile> files;
    std::vector<KernelObject> objects;  // the kernel side's programs, maps and links
};

class Guard {
public:
    void set(Guarded guarded) { guarded_ = std::move(guarded); }

    /// Whether a sensor wrote into its own maps. Writes there are told of whoever does it: what the kernel
    /// side is told to skip is what is written.
    bool is_upkeep(const rec_hdr& record) const;

    /// What a process that is no sensor did, or tried to do, to one of these; empty: nothing.
    std::string describe(const Event& event) const;

private:
    bool is_sensor(std::uint32_t tgid, std::uint64_t start_ns) const;
    std::string hold(const Event& event) const;
    std::string kernel_side(const Event& event) const;
    std::string file(const Event& event) const;
    std::string memory(const Event& event) const;

    Guarded guarded_;
};

/// Of a signal, which the kernel side tells only when it is sent to a sensor.
std::string describe_signal(const Event& event);

}  // namespace whodid
