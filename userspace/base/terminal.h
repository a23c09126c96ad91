// SPDX-License-Identifier: Apache-2.0
// Terminals: how large they are.
#pragma once

#include <cstddef>

namespace whodid {

struct TerminalSize {
    std::size_t columns = 0, rows = 0;  // 0: not a terminal, or it does not tell
};

/// One ioctl: asked again before each screenful, so that a resize needs no signal handler.
TerminalSize terminal_size(int fd);

}  // namespace whodid
