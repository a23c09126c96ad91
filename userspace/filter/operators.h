// SPDX-License-Identifier: Apache-2.0
// The operators of the filter language, and which types each goes with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"

namespace whodid {

enum class Operator : std::uint8_t {
    kEqual,
    kUnequal,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIn,
    kStartsWith,
    kEndsWith,
    kContains,
    kGlob,
    kMatches,
    kExists,
};

/// As it is written: "==", "startswith".
std::string_view operator_name(Operator op);
std::optional<Operator> find_operator(std::string_view name);
/// All names but `exists`, which stands before its field.
std::vector<std::string_view> operator_names();

/// As the language calls a type: "string", "duration", "list of strings".
std::string_view filter_type_name(Type type);
/// The same with its article: "an int".
std::string a_filter_type(Type type);

bool goes_with(Operator op, Type type);
/// "==, != and in": what goes with a type.
std::string operators_of(Type type);
/// Whether `~` behind an operator has a meaning: of text alone.
bool has_case(Type type);

}  // namespace whodid
