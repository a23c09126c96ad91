// SPDX-License-Identifier: Apache-2.0
// What a REC_RAW_AUDIT or REC_RAW_SYSLOG record says about its own text.
#pragma once

#include <whodid/limits.h>
#include <whodid/record.h>

namespace whodid {

/// The kernel side had no room for all of it. Its `length` does not tell: senders count a NUL and padding.
inline bool is_cut(const rec_text& record) { return record.text.len >= WHODID_TEXT_MAX - 1; }

}  // namespace whodid
