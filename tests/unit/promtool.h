// SPDX-License-Identifier: Apache-2.0
// Promtool: what Prometheus' own checker says of a text.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "directory.h"

namespace whodid::test {

/// Whether there is one (Debian: package prometheus).
inline bool has_promtool() { return std::system("command -v promtool >/dev/null 2>&1") == 0; }

/// Empty: nothing is wrong with it.
inline std::string promtool_says(const std::string& text) {
    const Directory directory;
    const std::string file = directory.write("metrics", text);
    FILE* pipe = ::popen(("promtool check metrics <" + file + " 2>&1 || echo exit $?").c_str(), "r");
    std::string out;
    for (int c = 0; pipe && (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    if (pipe) ::pclose(pipe);
    return out;
}

}  // namespace whodid::test
