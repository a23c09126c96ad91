// SPDX-License-Identifier: Apache-2.0
// whodid version.
#include "app/version.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdio>
#include <string_view>
#include <utility>

#include "app/exit_code.h"
#include "base/json_writer.h"

namespace whodid {

std::string version_line() { return "whodid " WHODID_VERSION; }

int version(bool json) {
    if (!json) {
        fmt::print("{}\n", version_line());
        return kOk;
    }
    utsname name{};
    ::uname(&name);
    std::string line;
    JsonWriter out(line);
    out.begin();
    const std::pair<std::string_view, std::string_view> members[] = {{"name", "whodid"},
                                                                     {"version", WHODID_VERSION},
                                                                     {"architecture", name.machine},
                                                                     {"license", "Apache-2.0"}};
    for (const auto& [key, value] : members) {
        out.key(key);
        out.text(value);
    }
    out.end();
    fmt::print("{}\n", line);
    return kOk;
}

}  // namespace whodid
