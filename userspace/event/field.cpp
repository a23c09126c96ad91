// SPDX-License-Identifier: Apache-2.0
// Values that fields share.
#include "event/field.h"

#include <charconv>

#include "event/kinds.h"

namespace whodid {

std::string_view type_name(Type type) {
    switch (type) {
        case Type::kText:
        case Type::kAddress:
        case Type::kKind:
        case Type::kOutcome:
            return "string";
        case Type::kInteger:
            return "int";
        case Type::kBoolean:
            return "bool";
        case Type::kReal:
            return "double";
        case Type::kList:
            return "array of string";
        case Type::kIdentities:
            return "object";
    }
    return "";
}

Value decimal(std::uint64_t number, Scratch& scratch) {
    char* at = scratch.allocate(24);
    char* end = std::to_chars(at, at + 24, number).ptr;
    return Value::of_text({at, static_cast<std::size_t>(end - at)});
}

Id128 Event::first_id() const {
    const std::uint16_t told_as = is_summary(record->kind) ? std::uint16_t{REC_PROCESS_EXEC} : record->kind;
    return hash_numbers(stream->boot, {stream->sensor_start_ns, record->cpu, record->seq, told_as});
}

Id128 Event::id() const {
    if (is_summary(record->kind)) return hash_numbers(first_id(), {record->kind, as<rec_summary>().part});
    return closes_fold ? hash_numbers(first_id(), {count}) : first_id();
}

}  // namespace whodid
