// SPDX-License-Identifier: Apache-2.0
// KeyReader: one key of the field table over all kinds, looked up once.
#pragma once

#include <whodid/limits.h>

#include <array>
#include <string_view>

#include "event/kinds.h"

namespace whodid {

class KeyReader {
public:
    explicit KeyReader(std::string_view key) {
        for (const Kind& kind : kinds()) fields_[kind.id] = find_field(kind, key);
    }

    /// Absent where the event's kind has no such field. Borrowed as Value says.
    Value read(const Event& event, Scratch& scratch) const {
        const Field* field = fields_[event.kind->id];
        return field ? field->read(event, scratch) : Value::absent();
    }

private:
    std::array<const Field*, WHODID_KIND_MAX> fields_{};
};

}  // namespace whodid
