// SPDX-License-Identifier: Apache-2.0
// The right sides of comparisons.
#include "filter/matchers.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace whodid {

namespace {

bool comes_before(std::string_view a, std::string_view b, bool ignores_case) {
    if (!ignores_case) return a < b;
    const auto lower = [](char c) { return static_cast<unsigned char>(to_lower_ascii(c)); };
    return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

bool contains_lower(std::string_view text, std::string_view lower) {
    const auto same = [](char t, char l) { return to_lower_ascii(t) == l; };
    return std::search(text.begin(), text.end(), lower.begin(), lower.end(), same) != text.end();
}

bool equals(std::string_view text, std::string_view piece, bool ignores_case) {
    return ignores_case ? equals_lower_ascii(text, piece) : text == piece;
}

}  // namespace

bool NumberOrder::matches(std::int64_t number) const {
    switch (op) {
        case Operator::kLess:
            return number < operand;
        case Operator::kLessEqual:
            return number <= operand;
        case Operator::kGreater:
            return number > operand;
        default:
            return number >= operand;
    }
}

NumberSet::NumberSet(std::vector<std::int64_t> numbers) : numbers_(std::move(numbers)) {
    std::ranges::sort(numbers_);
}

bool NumberSet::matches(std::int64_t number) const { return std::ranges::binary_search(numbers_, number); }

TextSet::TextSet(std::vector<std::string> texts, bool ignores_case)
    : ignores_case_(ignores_case), texts_(std::move(texts)) {
    if (ignores_case_)
        for (std::string& text : texts_) text = to_lower_ascii(text);
    std::ranges::sort(texts_);
}

bool TextSet::matches(std::string_view text) const {
    const auto before = [this](std::string_view a, std::string_view b) {
        return comes_before(a, b, ignores_case_);
    };
    return std::ranges::binary_search(texts_, text, before, [](std::string_view t) { return t; });
}

TextPiece::TextPiece(Operator op, std::string piece, bool ignores_case)
    : op_(op), piece_(ignores_case ? to_lower_ascii(piece) : std::move(piece)), ignores_case_(ignores_case) {}

bool TextPiece::matches(std::string_view text) const {
    if (op_ == Operator::kContains)
        return ignores_case_ ? contains_lower(text, piece_) : text.find(piece_) != std::string_view::npos;
    if (text.size() < piece_.size()) return false;
    const std::size_t at = op_ == Operator::kStartsWith ? 0 : text.size() - piece_.size();
    return equals(text.substr(at, piece_.size()), piece_, ignores_case_);
}

bool AddressSet::matches(std::string_view text) const {
    const auto address = parse_ip(text);
    return (address && networks.contains(*address)) || texts.matches(text);
}

}  // namespace whodid
