// SPDX-License-Identifier: Apache-2.0
// Expression: a filter in the language of docs/filters.md, compiled once and asked for every event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "filter/key_reader.h"
#include "filter/parser.h"
#include "filter/term.h"

namespace whodid {

constexpr std::size_t kFilterPatternsMax = 32;  // of `matches`: each may come to hold 1 MiB

class Expression {
public:
    /// The Error (EINVAL) has three lines: what is wrong in which column, the expression, and a caret.
    static Result<Expression> compile(std::string_view text);

    /// Whether an event meets it: a walk along jumps, no recursion. Allocates nothing once the scratch has
    /// its size; a field is read once for an event however many terms it is in. `scratch` is not reset.
    bool holds(const Event& event, Scratch& scratch);

    const std::vector<Term>& terms() const { return terms_; }
    /// Whether acts meet it of which only that much is known: answer(i) of terms()[i], nullopt for "it
    /// depends", as what is returned.
    std::optional<bool> holds(const std::function<std::optional<bool>(std::size_t)>& answer) const;

    /// The expression in one spelling: keys for aliases, words for symbols, no needless parentheses. Compiled
    /// again it has the same.
    std::string text() const;

    /// One line for each node, children indented, each term with its field's type and where it is decided.
    std::string tree() const;

private:
    /// A term, and where to go on by its answer: an index, or one of the two ends.
    struct Jump {
        std::size_t term = 0, field = 0;
        std::size_t if_true = 0, if_false = 0;
    };
    static constexpr std::size_t kTrue = static_cast<std::size_t>(-1), kFalse = kTrue - 1;

    /// A field of the event at hand.
    struct Slot {
        KeyReader reader;
        Value value = {};
        std::uint64_t of_event = 0;  // in the count of this expression
    };

    std::size_t add_jumps(const Node& node, std::size_t if_true, std::size_t if_false);
    std::size_t slot_of(const Field& field);
    const Value& read(std::size_t slot, const Event& event, Scratch& scratch);
    std::string text_of(const Node& node) const;
    void append_tree(const Node& node, std::size_t depth, std::vector<std::string>& lines,
                     std::vector<const Term*>& terms) const;

    Node root_;
    std::vector<Term> terms_;
    std::vector<std::string_view> slot_keys_;
    std::vector<Slot> slots_;
    std::vector<Jump> jumps_;
    std::size_t entry_ = kTrue;
    std::uint64_t events_ = 0;
};

}  // namespace whodid
