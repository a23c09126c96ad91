// SPDX-License-Identifier: Apache-2.0
// Reading the map of who is who.
#include "app/people.h"

#include <fmt/format.h>

#include "base/host.h"

namespace whodid {

Result<PersonMap> read_person_map(const std::string& path) {
    if (path.empty()) return PersonMap();
    const auto text = LiveHost().read_file(path);
    if (!text) return text.error();
    auto people = PersonMap::parse(*text);
    if (!people) return Error{fmt::format("--person-map {}: {}", path, people.error().message), EINVAL};
    return people;
}

}  // namespace whodid
