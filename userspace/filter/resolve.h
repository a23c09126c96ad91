// SPDX-License-Identifier: Apache-2.0
// Names of fields and kinds, as people type them.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/kinds.h"

namespace whodid {

/// "no field is called 'x', did you mean 'y'?"
Error unknown_field(std::string_view name);

/// What a person means by the name of a kind: "process.exec", "whodid.process.exec", "exec", "process". An
/// Error names the nearest.
Result<std::vector<const Kind*>> resolve_kind(std::string_view name);

}  // namespace whodid
