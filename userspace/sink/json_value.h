// SPDX-License-Identifier: Apache-2.0
// A field's value as JSON, whatever keys it stands below.
#pragma once

#include "base/json_writer.h"
#include "event/field.h"

namespace whodid {

/// Nothing for an absent one. False: a text in it is not UTF-8, and stands there with U+FFFD.
bool put_value(JsonWriter& out, const Value& value);

/// The exact bytes of a text, or of each of a list, in base64.
void put_exact_bytes(JsonWriter& out, const Value& value);

}  // namespace whodid
