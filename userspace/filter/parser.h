// SPDX-License-Identifier: Apache-2.0
// Parser: an expression as a tree of comparisons. Fields and operators are known and go together; what the
// values are, filter/term.h says.
//
//     expression = conjunction { ("or" | "||") conjunction }
//     conjunction = negation { ("and" | "&&") negation }
//     negation   = { "not" | "!" } primary
//     primary    = "(" expression ")" | "exists" FIELD | FIELD | FIELD operator VALUE
//                | FIELD "in" "{" VALUE { "," VALUE } "}"
//
// A FIELD alone must be a bool. A `~` behind an operator: letters without their case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/field.h"
#include "filter/fault.h"
#include "filter/operators.h"

namespace whodid {

constexpr std::size_t kFilterBytesMax = 65536;
constexpr std::size_t kFilterNestingMax = 64;  // of parentheses
constexpr std::size_t kFilterTermsMax = 4096;

/// A value as it was written.
struct Literal {
    std::string text;
    bool is_quoted = false;
    Span span = {};
};

struct Comparison {
    const Field* field = nullptr;
    Span field_span = {};
    Operator op = Operator::kExists;
    bool ignores_case = false;
    std::vector<Literal> values = {};  // one; none of kExists; some of kIn
};

/// A conjunction has no conjunctions as children, a disjunction no disjunctions, a negation no negation: what
/// means the same is the same tree.
struct Node {
    enum class Kind : std::uint8_t { kTerm, kNot, kAnd, kOr };
    Kind kind = Kind::kTerm;
    std::size_t term = 0;  // kTerm: number of the comparison
    std::vector<Node> children = {};
};

struct Syntax {
    Node root;
    std::vector<Comparison> comparisons;
};

/// The Error shows the place (filter/fault.h), says what was expected, and names the nearest.
Result<Syntax> parse_filter(std::string_view expression);

}  // namespace whodid
