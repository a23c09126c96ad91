// SPDX-License-Identifier: Apache-2.0
// Program: what is known of the file that a process runs, beyond its name.
#pragma once

#include <string>

namespace whodid {

/// Empty: not known, or there is none.
struct Program {
    std::string build_id;  // hexadecimal
    std::string sha256;    // of the whole file, hexadecimal
    std::string package, package_version;
};

}  // namespace whodid
