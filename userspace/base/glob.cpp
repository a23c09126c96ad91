// SPDX-License-Identifier: Apache-2.0
// Shell patterns.
#include "base/glob.h"

#include <cctype>
#include <optional>
#include <utility>

#include "base/ascii.h"

namespace whodid {

namespace {

using Set = std::bitset<256>;

unsigned char to_byte(char c) { return static_cast<unsigned char>(c); }

struct Class {
    std::string_view name;
    int (*has)(int);
};
constexpr Class kClasses[] = {{"alnum", std::isalnum}, {"alpha", std::isalpha}, {"blank", std::isblank},
                              {"cntrl", std::iscntrl}, {"digit", std::isdigit}, {"graph", std::isgraph},
                              {"lower", std::islower}, {"print", std::isprint}, {"punct", std::ispunct},
                              {"space", std::isspace}, {"upper", std::isupper}, {"xdigit", std::isxdigit}};

bool add_class(Set& set, std::string_view name) {
    for (const Class& known : kClasses) {
        if (known.name != name) continue;
        for (int c = 0; c < 128; ++c)
            if (known.has(c)) set.set(static_cast<std::size_t>(c));
        return true;
    }
    return false;
}

void add_other_case(Set& set) {
    for (std::size_t upper = 'A'; upper <= 'Z'; ++upper) {
        const std::size_t lower = upper - 'A' + 'a';
        if (set[upper] || set[lower]) set.set(upper).set(lower);
    }
}

/// Reads what stands between brackets, character by character.
class SetReader {
public:
    /// `rest` begins behind the '['.
    explicit SetReader(std::string_view rest) : rest_(rest) {}

    /// nullopt: nothing closes it.
    std::optional<Set> read() {
        const bool negated = rest_.starts_with('!') || rest_.starts_with('^');
        if (negated) rest_.remove_prefix(1);
        Set set;
        for (bool first = true; first || !rest_.starts_with(']'); first = false)
            if (rest_.empty() || !take_member(set)) return std::nullopt;
        rest_.remove_prefix(1);
        is_negated = negated;
        return set;
    }

    std::string_view rest() const { return rest_; }
    bool is_negated = false;
    bool names_unknown_class = false;

private:
    bool take_member(Set& set) {
        if (rest_.starts_with("[:") && take_class(set)) return true;
        const auto from = take_character();
        if (!from) return false;
        auto to = from;
        if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
            rest_.remove_prefix(1);
            to = take_character();
            if (!to) return false;
        }
        for (std::size_t c = to_byte(*from); c <= to_byte(*to); ++c) set.set(c);
        return true;
    }

    bool take_class(Set& set) {
        const std::size_t length = rest_.substr(2).find_first_not_of("abcdefghijklmnopqrstuvwxyz");
        if (length == std::string_view::npos || !rest_.substr(2 + length).starts_with(":]")) return false;
        if (!add_class(set, rest_.substr(2, length))) names_unknown_class = true;
        rest_.remove_prefix(2 + length + 2);
        return true;
    }

    std::optional<char> take_character() {
        if (rest_.starts_with('\\')) rest_.remove_prefix(1);
        if (rest_.empty()) return std::nullopt;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    std::string_view rest_;
};

}  // namespace

Glob::Glob(std::string_view pattern, bool ignores_case) : ignores_case_(ignores_case), parts_(1) {
    for (std::string_view rest = pattern; !rest.empty();) {
        char c = rest.front();
        rest.remove_prefix(1);
        if (c == '*') {
            parts_.push_back({elements_.size()});
            continue;
        }
        if (c == '?' || (c == '[' && take_set(rest))) {
            if (c == '?') add_element(kAny);
            continue;
        }
        if (c == '\\') {
            if (rest.empty()) {
                never_ = true;
                return;
            }
            c = rest.front();
            rest.remove_prefix(1);
        }
        add_element(to_byte(ignores_case ? to_lower_ascii(c) : c));
    }
}

void Glob::add_element(std::uint16_t element) {
    Part& part = parts_.back();
    ++part.length;
    part.is_literal = part.is_literal && element < kAny && !ignores_case_;
    elements_.push_back(element);
    bytes_.push_back(element < kAny ? static_cast<char>(element) : '\0');
}

bool Glob::take_set(std::string_view& rest) {
    SetReader reader(rest);
    auto set = reader.read();
    if (!set) return false;
    never_ = never_ || reader.names_unknown_class;
    if (ignores_case_) add_other_case(*set);
    sets_.push_back(reader.is_negated ? ~*set : *set);
    add_element(static_cast<std::uint16_t>(kAny + sets_.size()));
    rest = reader.rest();
    return true;
}

bool Glob::matches_byte(std::uint16_t element, char byte) const {
    if (element == kAny) return true;
    if (element > kAny) return sets_[element - kAny - 1u][to_byte(byte)];
    return element == to_byte(ignores_case_ ? to_lower_ascii(byte) : byte);
}

/// Whether the part stands at the beginning of `text`.
bool Glob::fits(const Part& part, std::string_view text) const {
    if (text.size() < part.length) return false;
    if (part.is_literal) return text.starts_with(std::string_view(bytes_).substr(part.begin, part.length));
    for (std::size_t i = 0; i < part.length; ++i)
        if (!matches_byte(elements_[part.begin + i], text[i])) return false;
    return true;
}

std::size_t Glob::find(const Part& part, std::string_view text) const {
    if (part.is_literal) return text.find(std::string_view(bytes_).substr(part.begin, part.length));
    for (std::size_t at = 0; at + part.length <= text.size(); ++at)
        if (fits(part, text.substr(at))) return at;
    return std::string_view::npos;
}

bool Glob::matches(std::string_view text) const {
    const Part &first = parts_.front(), &last = parts_.back();
    if (never_ || !fits(first, text)) return false;
    if (parts_.size() == 1) return text.size() == first.length;
    text.remove_prefix(first.length);
    if (text.size() < last.length || !fits(last, text.substr(text.size() - last.length))) return false;
    text.remove_suffix(last.length);
    for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
        const std::size_t at = find(parts_[i], text);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + parts_[i].length);
    }
    return true;
}

}  // namespace whodid
