// SPDX-License-Identifier: Apache-2.0
// Rights: Linux capabilities of a thread, of which it can only have fewer afterwards. capabilities(7)
#pragma once

#include <cstdint>

#include "base/result.h"

namespace whodid {

/// A bit for each capability, as linux/capability.h numbers them.
using Rights = std::uint64_t;

constexpr Rights right(int capability) { return Rights{1} << capability; }

/// What this thread may have in effect.
Result<Rights> rights();

/// Only these are in effect, as far as the thread has them at all; the others it can still take back.
Result<void> use_rights(Rights some);

/// All but these are gone for good from the thread and from what it starts, programs of others included.
Result<void> keep_rights(Rights some);

}  // namespace whodid
