// SPDX-License-Identifier: Apache-2.0
// The GNU build id of a program: the linker's name for what it made, which also names its debug symbols.
#pragma once

#include <string>

namespace whodid {

/// Hexadecimal; empty where the file is no ELF of this machine's byte order, or has no build id, or one that
/// is not as linkers make it. `fd` is open for reading and keeps its offset. Reads at most 1.3 MiB, whatever
/// the file says of itself.
std::string read_build_id(int fd);

}  // namespace whodid
