// SPDX-License-Identifier: Apache-2.0
// Term: one comparison of an expression, compiled.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/glob.h"
#include "base/result.h"
#include "event/field.h"
#include "filter/matchers.h"
#include "filter/parser.h"
#include "filter/pattern.h"

namespace whodid {

/// A term is true or false, never something between. Of a field that has no value every comparison is false,
/// `!=` included. `!=` is else the opposite of `==`. A list meets a comparison when one of its elements does,
/// and so `!=` when none is equal.
class Term {
public:
    /// The Error shows which value of the expression does not fit its field, and what would.
    static Result<Term> make(std::string_view expression, const Comparison& comparison);

    bool holds(const Value& value) const;

    const Field& field() const { return *field_; }
    Operator op() const { return op_; }
    /// In one spelling, text quoted.
    const std::vector<std::string>& values() const { return values_; }
    /// `file.path startswith "/etc/"`: with the field's key and values in one spelling; reads again as
    /// itself.
    std::string text() const;

private:
    using Matcher = std::variant<std::monostate, NumberOrder, NumberSet, TruthValue, TextSet, TextPiece, Glob,
                                 Pattern, AddressSet>;
    class Maker;

    const Field* field_ = nullptr;
    Operator op_ = Operator::kExists;
    bool ignores_case_ = false;
    Matcher matcher_;  // monostate: whatever is there
    std::vector<std::string> values_;
};

}  // namespace whodid
