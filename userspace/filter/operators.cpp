// SPDX-License-Identifier: Apache-2.0
// Operators and types.
#include "filter/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace whodid {

namespace {

constexpr std::string_view kNames[] = {"==",         "!=",       "<",        "<=",   ">",       ">=",    "in",
                                       "startswith", "endswith", "contains", "glob", "matches", "exists"};

enum class Group : std::uint8_t { kAny, kOrder, kSet, kText };

Group group_of(Operator op) {
    switch (op) {
        case Operator::kEqual:
        case Operator::kUnequal:
        case Operator::kExists:
            return Group::kAny;
        case Operator::kLess:
        case Operator::kLessEqual:
        case Operator::kGreater:
        case Operator::kGreaterEqual:
            return Group::kOrder;
        case Operator::kIn:
            return Group::kSet;
        default:
            return Group::kText;
    }
}

}  // namespace

std::string_view operator_name(Operator op) { return kNames[static_cast<std::size_t>(op)]; }

std::optional<Operator> find_operator(std::string_view name) {
    const auto* found = std::ranges::find(kNames, name);
    if (found == std::end(kNames)) return std::nullopt;
    return static_cast<Operator>(found - kNames);
}

std::vector<std::string_view> operator_names() { return {std::begin(kNames), std::prev(std::end(kNames))}; }

std::string_view filter_type_name(Type type) {
    switch (type) {
        case Type::kReal:
            return "duration";
        case Type::kList:
            return "list of strings";
        case Type::kAddress:
            return "address";
        case Type::kKind:
            return "kind";
        case Type::kOutcome:
            return "outcome";
        default:
            return type_name(type);
    }
}

std::string a_filter_type(Type type) {
    const std::string_view name = filter_type_name(type);
    return fmt::format(
        "{} {}", std::string_view("aio").find(name.front()) == std::string_view::npos ? "a" : "an", name);
}

bool has_case(Type type) { return type == Type::kText || type == Type::kList || type == Type::kAddress; }

bool goes_with(Operator op, Type type) {
    if (type == Type::kIdentities) return op == Operator::kExists;
    switch (group_of(op)) {
        case Group::kAny:
            return true;
        case Group::kOrder:
            return type == Type::kInteger || type == Type::kReal;
        case Group::kSet:
            return type != Type::kBoolean;
        case Group::kText:
            return has_case(type);
    }
    return false;
}

std::string operators_of(Type type) {
    std::vector<std::string_view> names = operator_names();
    std::erase_if(names, [type](std::string_view name) { return !goes_with(*find_operator(name), type); });
    if (names.empty()) return "exists";
    const std::string_view last = names.back();
    names.pop_back();
    return fmt::format("{} and {}", fmt::join(names, ", "), last);
}

}  // namespace whodid
