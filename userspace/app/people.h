// SPDX-License-Identifier: Apache-2.0
// The administrator's map of who is who.
#pragma once

#include <string>

#include "base/result.h"
#include "enrich/person_map.h"

namespace whodid {

/// What --person-map names; of an empty path nobody. An Error with EINVAL tells the line that makes no sense.
Result<PersonMap> read_person_map(const std::string& path);

}  // namespace whodid
