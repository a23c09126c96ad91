// SPDX-License-Identifier: Apache-2.0
// What a value is held against: the right sides of comparisons, compiled. Matching allocates nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"
#include "filter/operators.h"

namespace whodid {

/// A number on one side of another.
struct NumberOrder {
    Operator op;
    std::int64_t operand;

    bool matches(std::int64_t number) const;
};

class NumberSet {
public:
    explicit NumberSet(std::vector<std::int64_t> numbers);
    bool matches(std::int64_t number) const;

private:
    std::vector<std::int64_t> numbers_;  // sorted
};

struct TruthValue {
    bool wanted;
};

class TextSet {
public:
    TextSet() = default;
    TextSet(std::vector<std::string> texts, bool ignores_case);
    bool matches(std::string_view text) const;

private:
    bool ignores_case_ = false;
    std::vector<std::string> texts_;  // sorted; in lower case where that is ignored
};

/// A beginning, an end or a piece of a text.
class TextPiece {
public:
    TextPiece(Operator op, std::string piece, bool ignores_case);
    bool matches(std::string_view text) const;

private:
    Operator op_;
    std::string piece_;
    bool ignores_case_;
};

/// Addresses by number, so that every spelling of one is the same; and what is no address by its text.
struct AddressSet {
    IpNetworkSet networks;
    TextSet texts;

    bool matches(std::string_view text) const;
};

}  // namespace whodid
