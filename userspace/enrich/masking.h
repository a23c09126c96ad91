// SPDX-License-Identifier: Apache-2.0
// Masking of records: before anything else sees them.
#pragma once

#include "base/arena.h"
#include "event/decode.h"

namespace whodid {

/// Masks the secrets in a decoded record's arguments, environment and audited commands. Returns the record to
/// go on with: the same one, or a copy in the arena whose old bytes hold no secret. `masked`: whether there
/// was one.
Decoded mask_record(Decoded decoded, Arena& arena, bool& masked);

}  // namespace whodid
