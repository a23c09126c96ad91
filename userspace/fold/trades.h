// SPDX-License-Identifier: Apache-2.0
// Trades: programs whose work is known, and is many acts of many processes.
#pragma once

#include "event/event.h"

namespace whodid {

enum class Trade : std::uint8_t {
    kNone,
    kBuild,     // make, cargo
    kCompile,   // a compiler by itself
    kPackages,  // apt, dpkg, rpm
};

/// The script that an interpreter was started for, as it was asked for; else the program.
std::string_view program_of(const Event& exec);

/// Programs that do what their arguments say: shells, python, find, docker, ...
bool interprets(const Process& process);

/// Of the program, or script, that was started; it is one that only root can have put there.
Trade trade_of(const Event& exec);

/// Programs that write what a package brings, wherever that is.
bool writes_packages(const Process& process);

/// Programs that reach other hosts for who starts them: each start matters.
bool reaches_out(const Process& process);

}  // namespace whodid
