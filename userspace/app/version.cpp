// SPDX-License-Identifier: Apache-2.0
// whodid version.
#include "app/version.h"

#include <sys/utsname.h>

#include <string_view>
#include <utility>

#include "app/say.h"
#include "base/json_writer.h"

namespace whodid {

const char* const kVersion = WHODID_VERSION;
std::string version_line() { return "whodid " WHODID_VERSION; }

int version(bool json) {
    if (!json) return print_page(version_line() + "\n");
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
    return print_page(line + "\n");
}

}  // namespace whodid
