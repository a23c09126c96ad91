// SPDX-License-Identifier: Apache-2.0
// decode: from bytes to a record that may be read without further checks. Nothing else casts.
#pragma once

#include <whodid/record.h>

#include <span>

#include "base/result.h"
#include "event/kinds.h"

namespace whodid {

struct Decoded {
    rec_hdr* record;
    const Kind* kind;
};

/// Proves size, kind and every slice of `bytes` (8-byte aligned, writable), and turns path components into
/// reading order in place. A record shorter than today's struct (an older recording) is refused here: the
/// reader of recordings lengthens it first. Errors name what is wrong.
Result<Decoded> decode(std::span<char> bytes);

}  // namespace whodid
