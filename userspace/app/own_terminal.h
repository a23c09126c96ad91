// SPDX-License-Identifier: Apache-2.0
// What belongs to the showing itself: this process, and the sshd, tmux or terminal emulator that carries its
// lines to the person.
#pragma once

#include <cstdint>
#include <vector>

#include "base/host.h"
#include "filter/filter.h"

namespace whodid {

/// `pid` and those of its ancestors that hold the master of a terminal in `terminals` (numbers in /dev/pts),
/// or of the terminal of one already found (sudo's, below sshd's). As /proc tells; what it does not tell is
/// left away. The shell and the listening sshd hold no master: they stay visible.
std::vector<ProcessStart> showing_processes(const Host& host, std::uint32_t pid,
                                            std::vector<std::uint32_t> terminals);

/// Of this process and its standard streams.
std::vector<ProcessStart> own_showing_processes();

}  // namespace whodid
