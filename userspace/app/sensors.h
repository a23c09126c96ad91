// SPDX-License-Identifier: Apache-2.0
// SensorList: the sensors of one host know each other, so that they neither report nor feed each other.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "enrich/processes.h"

namespace whodid {

class SensorList {
public:
    /// Leaves a pid file in `directory` for the others, and takes it away at the end. A directory that cannot
    /// be written to is no error: this sensor then knows only itself.
    explicit SensorList(std::string directory = "/run/whodid");
    ~SensorList();
    /// Notes there, for a successor, up to when this one has told all (boot clock), and that it lives.
    void note_told(std::uint64_t until_ns);
    /// The file stays: this one ends without having told its end.
    void leave_note();
    /// Takes away the notes of those that are dead. Up to when the last of them had told all; 0: there is
    /// none.
    std::uint64_t take_notes_of_dead() const;
    /// Takes away the file of a sensor that could not do it itself.
    void forget(std::uint32_t pid) const;
    /// Where the file of a sensor with that number is.
    std::string file_of(std::uint32_t pid) const;
    SensorList(const SensorList&) = delete;
    SensorList& operator=(const SensorList&) = delete;

    /// This process and every other listed one that runs the same file as this one: a pid file alone makes
    /// nobody a sensor, and a number used again has another start. At most WHODID_GUARDED_MAX, this one
    /// first.
    std::vector<rec_guard> guards(const Processes& processes) const;

private:
    std::vector<std::uint32_t> listed() const;

    std::string directory_, file_;
    Fd note_;  // locked as long as its writer lives
};

}  // namespace whodid
