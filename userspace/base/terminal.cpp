// SPDX-License-Identifier: Apache-2.0
// Terminals: how large they are.
#include "base/terminal.h"

#include <sys/ioctl.h>

namespace whodid {

TerminalSize terminal_size(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
    return {size.ws_col, size.ws_row};
}

}  // namespace whodid
