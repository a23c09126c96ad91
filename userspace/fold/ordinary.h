// SPDX-License-Identifier: Apache-2.0
// Ordinary: what of a build's or another task's acts a summary may stand for. Everything else is told by
// itself, whoever did it and however often.
#pragma once

#include <string>

#include "event/event.h"

namespace whodid {

/// Where, and with whose rights, a task is at home.
struct Task {
    std::shared_ptr<const Process> first;  // began it
    std::string directory;                 // where; what is written below it is ordinary
    bool installs = false;                 // packages, which are written everywhere
};

/// Not: what is watched, denied, asked for in an unusual way, done with other rights than the task's, or
/// outside the places it works in; set-id bits; programs that have more rights than who starts them, are no
/// file, are of neither the system nor the task, or reach other hosts; crashes; connections. A place counts
/// only where the kernel vouches for it: of a process' own words those that no link can lead elsewhere.
bool is_ordinary(const Event& event, const Task& task);

/// Opens to write, and creations.
bool is_writing(const Event& event);

}  // namespace whodid
