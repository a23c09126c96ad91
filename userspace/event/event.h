// SPDX-License-Identifier: Apache-2.0
// Event: a record, plus who and where.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "event/actor.h"
#include "event/program.h"

namespace whodid {

struct Kind;

/// What all events of one stream share.
struct Stream {
    Id128 boot;  // hash of the boot id
    std::uint64_t sensor_start_ns = 0;
    std::string host_name, host_id, architecture;
};

/// The hardware below a file system, as the host tells. Empty: not told.
struct BlockDevice {
    bool removable = false;  // its medium can be taken out, or the whole of it (USB)
    std::string bus, vendor, model, serial;
    std::string image;  // of a loop device
};

/// The record lies in the batch's arena, decoded and proven (event/decode.h); views point there too.
struct Event {
    const rec_hdr* record = nullptr;
    const Kind* kind = nullptr;
    const Stream* stream = nullptr;
    std::shared_ptr<const Process> process;
    std::shared_ptr<const Process> target;  // the process it was done to, where that is known

    std::shared_ptr<const BlockDevice> device;  // of what was mounted
    std::shared_ptr<const Program> program;     // exec: what is known of the file
    std::optional<bool> is_first_run;           // exec: of this file in this state

    std::uint64_t wall_ns = 0;
    std::uint64_t seq = 0;                    // per stream, given at delivery
    std::uint64_t count = 1;                  // how many alike this one stands for
    std::uint64_t first_ns = 0, last_ns = 0;  // wall clock; when count > 1
    bool closes_fold = false;                 // it stands for its record's event too, which went before

    std::string_view path, target_path;  // of what it is about: absolute where that is possible
    std::uint64_t script_inode = 0;      // exec: of the script, where the kernel told
    std::string_view name;               // the host name asked for; a DNS question
    std::string_view tags;               // of what is watched, each followed by NUL
    bool masked = false;

    template <class Record>
    const Record& as() const {
        return *reinterpret_cast<const Record*>(record);
    }
    /// A member by its offset, which a Layout has.
    template <class Member>
    const Member& member(std::uint16_t at) const {
        return *reinterpret_cast<const Member*>(reinterpret_cast<const char*>(record) + at);
    }
    std::string_view text(rec_str slice) const {
        return {reinterpret_cast<const char*>(record) + slice.off, slice.len};
    }
    /// Decoded: components are already in reading order. Empty when nothing was walked.
    std::string_view text(rec_path slice) const {
        if (slice.flags & REC_PATH_ABSENT) return {};
        if (slice.len == 0) return "/";
        std::string_view path_text{reinterpret_cast<const char*>(record) + slice.off, slice.len};
        if (slice.flags & REC_PATH_PSEUDO) path_text.remove_prefix(1);
        return path_text;
    }
    bool failed() const { return record->result < 0; }
    /// errno; 0 for success.
    int error() const { return failed() ? static_cast<int>(0u - static_cast<unsigned>(record->result)) : 0; }
    Id128 id() const;
    /// Of the event that its record gave rise to: its own, unless it closes a fold.
    Id128 first_id() const;
};

}  // namespace whodid
