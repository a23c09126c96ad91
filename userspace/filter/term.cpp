// SPDX-License-Identifier: Apache-2.0
// One comparison: its values read by the field's type, and how it is met.
#include "filter/term.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/duration.h"
#include "filter/lexer.h"
#include "filter/resolve.h"

namespace whodid {

namespace {

constexpr double kMicrosecondNs = 1e3, kSecondUs = 1e6;
constexpr std::string_view kOutcomes[] = {"success", "failure", "unknown"};

/// "5s", "0.084s".
std::string duration_text(std::int64_t us) {
    std::string text = fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text + 's';
}

bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> number_of(const Value& value) {
    if (value.state == Value::State::kInteger) return value.integer;
    if (value.state == Value::State::kReal) return std::llround(value.real * kSecondUs);
    return std::nullopt;
}

}  // namespace

/// Reads the values of one comparison.
class Term::Maker {
public:
    Maker(std::string_view expression, const Comparison& comparison)
        : expression_(expression), comparison_(comparison), field_(*comparison.field) {}

    Result<Term> make() {
        Term term;
        term.field_ = comparison_.field;
        term.op_ = comparison_.op;
        term.ignores_case_ = comparison_.ignores_case;
        if (comparison_.op == Operator::kExists) return term;
        auto matcher = this->matcher();
        if (!matcher) return matcher.error();
        term.matcher_ = std::move(*matcher);
        term.values_ = std::move(values_);
        return term;
    }

private:
    Error fault_at(const Literal& literal, std::string_view message) const {
        return fault(expression_, literal.span, message);
    }
    bool is_of_equality() const {
        return comparison_.op == Operator::kEqual || comparison_.op == Operator::kUnequal ||
               comparison_.op == Operator::kIn;
    }

    Result<Matcher> matcher() {
        switch (field_.type) {
            case Type::kInteger:
                return numbers(&Maker::integer);
            case Type::kReal:
                return numbers(&Maker::duration);
            case Type::kBoolean:
                return truth_value();
            case Type::kAddress:
                return is_of_equality() ? addresses() : piece_of_text();
            case Type::kKind:
                return set_of_texts(&Maker::kind);
            case Type::kOutcome:
                return set_of_texts(&Maker::outcome);
            default:
                return is_of_equality() ? set_of_texts(&Maker::whole_text) : piece_of_text();
        }
    }

    // ---- numbers ------------------------------------------------------------------------------------------

    Result<Matcher> numbers(Result<std::int64_t> (Maker::*read)(const Literal&)) {
        std::vector<std::int64_t> numbers;
        for (const Literal& literal : comparison_.values) {
            const auto number = (this->*read)(literal);
            if (!number) return number.error();
            numbers.push_back(*number);
        }
        if (is_of_equality()) return Matcher(NumberSet(std::move(numbers)));
        return Matcher(NumberOrder{comparison_.op, numbers.front()});
    }

    Result<std::int64_t> integer(const Literal& literal) {
        std::int64_t number = 0;
        const std::string_view text = literal.text;
        const char* end = text.data() + text.size();
        const auto [last, error] = std::from_chars(text.data(), end, number);
        if (literal.is_quoted || error != std::errc() || last != end)
            return fault_at(literal, fmt::format("{} is an int: 22, -1; not {}", field_.key, shown(literal)));
        values_.push_back(std::to_string(number));
        return number;
    }

    Result<std::int64_t> duration(const Literal& literal) {
        constexpr double kLongestNs = 100 * 365 * 86400e9;
        const auto ns = literal.is_quoted ? std::nullopt : read_duration_ns(literal.text);
        if (!ns || *ns > kLongestNs)
            return fault_at(literal, fmt::format("{} is a duration: 5s, 250ms, 1h30m; not {}", field_.key,
                                                 shown(literal)));
        const std::int64_t us = std::llround(*ns / kMicrosecondNs);
        values_.push_back(duration_text(us));
        return us;
    }

    // ---- words --------------------------------------------------------------------------------------------

    Result<Matcher> truth_value() {
        const Literal& literal = comparison_.values.front();
        const bool is_true = literal.text == "true";
        if (literal.is_quoted || (!is_true && literal.text != "false"))
            return fault_at(literal, fmt::format("{} is true or false, not {}", field_.key, shown(literal)));
        values_.push_back(literal.text);
        return Matcher(TruthValue{is_true});
    }

    using Texts = std::vector<std::string>;

    Result<Matcher> set_of_texts(Result<Texts> (Maker::*read)(const Literal&)) {
        Texts texts;
        for (const Literal& literal : comparison_.values) {
            auto some = (this->*read)(literal);
            if (!some) return some.error();
            std::ranges::move(*some, std::back_inserter(texts));
        }
        return Matcher(TextSet(std::move(texts), comparison_.ignores_case));
    }

    /// The names of all the kinds that a word stands for.
    Result<Texts> kind(const Literal& literal) {
        constexpr std::string_view kPrefix = "whodid.";
        const auto found = resolve_kind(literal.text);
        if (!found) return fault_at(literal, found.error().message);
        Texts names;
        for (const Kind* k : *found) names.push_back(std::string(kPrefix) + std::string(k->name));
        const std::string_view word = literal.text;
        const std::string_view group = word.substr(word.starts_with(kPrefix) ? kPrefix.size() : 0);
        values_.emplace_back(found->size() == 1 ? found->front()->name : group);
        return names;
    }

    Result<Texts> outcome(const Literal& literal) {
        if (std::ranges::find(kOutcomes, literal.text) == std::end(kOutcomes))
            return fault_at(literal, fmt::format("{} is success, failure or unknown, not {}", field_.key,
                                                 shown(literal)));
        values_.push_back(literal.text);
        return Texts{literal.text};
    }

    // ---- text ---------------------------------------------------------------------------------------------

    Result<std::string> text(const Literal& literal) {
        if (!literal.is_quoted && !is_number(literal.text))
            return fault_at(literal, fmt::format("text is quoted: {}", shown_quoted(literal)));
        values_.push_back(quoted(literal.text));
        return literal.text;
    }

    Result<Texts> whole_text(const Literal& literal) {
        if (literal.text.empty() && field_.type != Type::kList)
            return fault_at(literal,
                            fmt::format("no value is empty, it is absent: not exists {}", field_.key));
        auto read = text(literal);
        if (!read) return read.error();
        return Texts{std::move(*read)};
    }

    Result<Matcher> piece_of_text() {
        const Literal& literal = comparison_.values.front();
        auto read = text(literal);
        if (!read) return read.error();
        if (comparison_.op == Operator::kGlob) return Matcher(Glob(*read, comparison_.ignores_case));
        if (comparison_.op != Operator::kMatches)
            return Matcher(TextPiece(comparison_.op, std::move(*read), comparison_.ignores_case));
        auto pattern = Pattern::compile(*read, comparison_.ignores_case);
        if (!pattern) return fault_at(literal, "not a regular expression of RE2: " + pattern.error().message);
        return Matcher(std::move(*pattern));
    }

    // ---- addresses ----------------------------------------------------------------------------------------

    Result<Matcher> addresses() {
        std::vector<IpNetwork> networks;
        Texts texts;
        for (const Literal& literal : comparison_.values) {
            if (const auto address = parse_ip(literal.text)) {
                networks.push_back(single_address(*address));
                values_.push_back(format_ip(*address));
                continue;
            }
            if (literal.is_quoted && !is_network(literal)) {
                auto some = whole_text(literal);
                if (!some) return some.error();
                texts.push_back(std::move(some->front()));
                continue;
            }
            const auto network = this->network(literal);
            if (!network) return network.error();
            networks.push_back(*network);
            values_.push_back(format_ip_network(*network));
        }
        return Matcher(
            AddressSet{IpNetworkSet(networks), TextSet(std::move(texts), comparison_.ignores_case)});
    }

    /// Whether it is meant as one: an address and a '/'. A socket's path is none.
    static bool is_network(const Literal& literal) {
        const std::size_t slash = literal.text.find('/');
        return slash != std::string::npos &&
               parse_ip(std::string_view(literal.text).substr(0, slash)).has_value();
    }

    Result<IpNetwork> network(const Literal& literal) {
        if (!is_network(literal))
            return fault_at(literal,
                            fmt::format("{} is no address: 203.0.113.9, ::1, 10.0.0.0/8; a socket's path is "
                                        "quoted",
                                        shown(literal)));
        auto network = parse_ip_network(literal.text);
        if (!network) return fault_at(literal, network.error().message);
        if (comparison_.op != Operator::kIn && format_ip_network(*network).find('/') != std::string::npos)
            return fault_at(literal,
                            fmt::format("a network goes with `in`: {} in {{{}}}", field_.key, literal.text));
        return network;
    }

    static std::string shown_quoted(const Literal& literal) {
        constexpr std::size_t kShownMax = 40;
        return literal.text.size() <= kShownMax ? quoted(literal.text)
                                                : quoted(literal.text.substr(0, kShownMax)) + "…";
    }
    static std::string shown(const Literal& literal) {
        const std::string text = shown_quoted(literal);
        return literal.is_quoted ? text : '\'' + text.substr(1, text.rfind('"') - 1) + '\'';
    }

    const std::string_view expression_;
    const Comparison& comparison_;
    const Field& field_;
    std::vector<std::string> values_;
};

Result<Term> Term::make(std::string_view expression, const Comparison& comparison) {
    return Maker(expression, comparison).make();
}

namespace {

bool meets(const TruthValue& truth, const Value& value) {
    return value.state == Value::State::kBoolean && value.boolean == truth.wanted;
}

template <class Numbers>
requires requires(const Numbers& numbers, std::int64_t number) { numbers.matches(number); }
bool meets(const Numbers& numbers, const Value& value) {
    const auto number = number_of(value);
    return number && numbers.matches(*number);
}

template <class Texts>
requires requires(const Texts& texts, std::string_view text) { texts.matches(text); }
bool meets(const Texts& texts, const Value& value) {
    if (value.state == Value::State::kText) return texts.matches(value.text);
    if (value.state != Value::State::kList) return false;
    bool any = false;
    for_each_string(value.text, [&](std::string_view element) { any = any || texts.matches(element); });
    return any;
}

bool meets(std::monostate, const Value&) { return true; }

}  // namespace

bool Term::holds(const Value& value) const {
    if (!value.present()) return false;
    return std::visit([&](const auto& matcher) { return meets(matcher, value); }, matcher_) !=
           (op_ == Operator::kUnequal);
}

std::string Term::text() const {
    if (op_ == Operator::kExists) return fmt::format("exists {}", field_->key);
    const std::string values = fmt::format("{}", fmt::join(values_, ", "));
    const bool is_set = op_ == Operator::kIn;
    return fmt::format("{} {}{} {}{}{}", field_->key, operator_name(op_), ignores_case_ ? "~" : "",
                       is_set ? "{" : "", values, is_set ? "}" : "");
}

}  // namespace whodid
