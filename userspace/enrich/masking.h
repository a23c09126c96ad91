// SPDX-License-Identifier: Apache-2.0
// Masking of records: before anything else sees them.
#pragma once

#include <functional>
#include <string_view>

#include "base/arena.h"
#include "event/decode.h"

namespace whodid {

/// Masks the secrets in a decoded record's arguments, environment and audited commands. Returns the record to
/// go on with: the same one, or a copy in the arena whose old bytes hold no secret. `masked`: whether there
/// was one, now or when the record was recorded (REC_F_MASKED).
Decoded mask_record(Decoded decoded, Arena& arena, bool& masked);

/// Takes out of an audit or log record what is nobody's business who is given the recording: names that may
/// be a password typed in the wrong place (those of attempts that did not succeed, unless `known`), messages
/// that no event is made of, and log lines that are not sshd's own word on a login. Other kinds stay.
const rec_hdr* mask_for_recording(const rec_hdr& record, const std::function<bool(std::string_view)>& known,
                                  Arena& arena);

}  // namespace whodid
