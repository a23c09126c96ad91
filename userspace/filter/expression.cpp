// SPDX-License-Identifier: Apache-2.0
// Expressions: the tree as jumps, and as text.
#include "filter/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/escape.h"
#include "filter/gate.h"

namespace whodid {

namespace {

std::string_view name_of(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::kAnd:
            return "and";
        case Node::Kind::kOr:
            return "or";
        default:
            return "not";
    }
}

/// Makes one term of those that ask a field for one of some values: of `a == 1 or a == 2` `a in {1, 2}`, and
/// of their negations under `and` its negation. A set is looked up in once, however large it is.
class Gatherer {
public:
    explicit Gatherer(std::vector<Comparison>& comparisons) : comparisons_(comparisons) {}

    void gather(Node& node) {
        for (Node& child : node.children) gather(child);
        if (node.kind == Node::Kind::kTerm) return;
        if (node.kind != Node::Kind::kNot) gather_children(node);
        const bool is_one = node.kind != Node::Kind::kNot && node.children.size() == 1;
        const bool is_twice_negated =
            node.kind == Node::Kind::kNot && node.children.front().kind == Node::Kind::kNot;
        if (is_twice_negated) node.children = std::move(node.children.front().children);
        if (is_one || is_twice_negated) node = Node(std::move(node.children.front()));
    }

    /// The comparisons that have got more values.
    const std::set<std::size_t>& grown() const { return grown_; }

private:
    void gather_children(Node& node) {
        std::vector<Node> kept;
        std::vector<std::size_t> asked;  // comparisons of what is kept
        for (Node& child : node.children) {
            const auto term = alternatives_in(child, node.kind);
            const auto same = std::ranges::find_if(
                asked, [&](std::size_t other) { return term && ask_the_same(other, *term); });
            if (same != asked.end()) {
                move_values(*term, *same);
                continue;
            }
            if (term) asked.push_back(*term);
            kept.push_back(std::move(child));
        }
        node.children = std::move(kept);
    }

    /// The term of a child that can be gathered below a node of that kind.
    std::optional<std::size_t> alternatives_in(const Node& child, Node::Kind below) const {
        const bool is_negated = child.kind == Node::Kind::kNot;
        if (is_negated != (below == Node::Kind::kAnd)) return std::nullopt;
        const Node& node = is_negated ? child.children.front() : child;
        if (node.kind != Node::Kind::kTerm) return std::nullopt;
        const Comparison& comparison = comparisons_[node.term];
        const bool has_values = comparison.op == Operator::kEqual || comparison.op == Operator::kIn;
        if (!has_values || !goes_with(Operator::kIn, comparison.field->type)) return std::nullopt;
        return node.term;
    }

    bool ask_the_same(std::size_t a, std::size_t b) const {
        return comparisons_[a].field == comparisons_[b].field &&
               comparisons_[a].ignores_case == comparisons_[b].ignores_case;
    }

    void move_values(std::size_t from, std::size_t to) {
        std::ranges::move(comparisons_[from].values, std::back_inserter(comparisons_[to].values));
        comparisons_[to].op = Operator::kIn;
        grown_.erase(from);
        grown_.insert(to);
    }

    std::vector<Comparison>& comparisons_;
    std::set<std::size_t> grown_;
};

using Answers = std::function<std::optional<bool>(std::size_t)>;

/// One child that is false decides a conjunction, one that is true a disjunction, whatever the others are.
std::optional<bool> truth_of(const Node& node, const Answers& answer) {
    if (node.kind == Node::Kind::kTerm) return answer(node.term);
    if (node.kind == Node::Kind::kNot) {
        const auto truth = truth_of(node.children.front(), answer);
        return truth ? std::optional(!*truth) : std::nullopt;
    }
    const bool decisive = node.kind == Node::Kind::kOr;
    std::optional<bool> all = !decisive;
    for (const Node& child : node.children) {
        const auto truth = truth_of(child, answer);
        if (truth == decisive) return decisive;
        if (!truth) all = std::nullopt;
    }
    return all;
}

}  // namespace

Result<Expression> Expression::compile(std::string_view text) {
    auto syntax = parse_filter(text);
    if (!syntax) return syntax.error();
    Expression made;
    std::size_t patterns = 0;
    for (const Comparison& comparison : syntax->comparisons) {
        if (comparison.op == Operator::kMatches && ++patterns > kFilterPatternsMax)
            return fault(text, comparison.field_span,
                         fmt::format("more than {} `matches`: join them by |", kFilterPatternsMax));
        auto term = Term::make(text, comparison);
        if (!term) return term.error();
        made.terms_.push_back(std::move(*term));
    }
    Gatherer gatherer(syntax->comparisons);
    gatherer.gather(syntax->root);
    for (const std::size_t grown : gatherer.grown()) {
        auto term = Term::make(text, syntax->comparisons[grown]);
        if (!term) return term.error();
        made.terms_[grown] = std::move(*term);
    }
    made.root_ = std::move(syntax->root);
    made.entry_ = made.add_jumps(made.root_, kTrue, kFalse);
    return made;
}

/// From the last to the first, so that each knows where the next one begins. Tells where the node does.
std::size_t Expression::add_jumps(const Node& node, std::size_t if_true, std::size_t if_false) {
    switch (node.kind) {
        case Node::Kind::kTerm:
            jumps_.push_back({node.term, slot_of(terms_[node.term].field()), if_true, if_false});
            return jumps_.size() - 1;
        case Node::Kind::kNot:
            return add_jumps(node.children.front(), if_false, if_true);
        default:
            break;
    }
    const bool all = node.kind == Node::Kind::kAnd;
    std::size_t next = all ? if_true : if_false;
    for (auto child = node.children.rbegin(); child != node.children.rend(); ++child)
        next = all ? add_jumps(*child, next, if_false) : add_jumps(*child, if_true, next);
    return next;
}

std::size_t Expression::slot_of(const Field& field) {
    const auto found = std::ranges::find(slot_keys_, field.key);
    if (found != slot_keys_.end()) return static_cast<std::size_t>(found - slot_keys_.begin());
    slot_keys_.push_back(field.key);
    slots_.push_back({KeyReader(field.key)});
    return slots_.size() - 1;
}

const Value& Expression::read(std::size_t slot, const Event& event, Scratch& scratch) {
    Slot& read = slots_[slot];
    if (std::exchange(read.of_event, events_) != events_) read.value = read.reader.read(event, scratch);
    return read.value;
}

bool Expression::holds(const Event& event, Scratch& scratch) {
    ++events_;
    std::size_t at = entry_;
    while (at < kFalse) {
        const Jump& jump = jumps_[at];
        at = terms_[jump.term].holds(read(jump.field, event, scratch)) ? jump.if_true : jump.if_false;
    }
    return at == kTrue;
}

std::optional<bool> Expression::holds(const std::function<std::optional<bool>(std::size_t)>& answer) const {
    return truth_of(root_, answer);
}

std::string Expression::text() const { return text_of(root_); }

std::string Expression::text_of(const Node& node) const {
    if (node.kind == Node::Kind::kTerm) return terms_[node.term].text();
    const auto part = [&](const Node& child) {
        const bool binds_weaker = child.kind > node.kind;
        return binds_weaker ? '(' + text_of(child) + ')' : text_of(child);
    };
    if (node.kind == Node::Kind::kNot) return "not " + part(node.children.front());
    std::string out;
    for (const Node& child : node.children)
        out += (out.empty() ? "" : fmt::format(" {} ", name_of(node.kind))) + part(child);
    return out;
}

void Expression::append_tree(const Node& node, std::size_t depth, std::vector<std::string>& lines,
                             std::vector<const Term*>& terms) const {
    const bool is_term = node.kind == Node::Kind::kTerm;
    const std::string text = is_term ? terms_[node.term].text() : std::string(name_of(node.kind));
    lines.push_back(std::string(2 * depth, ' ') + text);
    terms.push_back(is_term ? &terms_[node.term] : nullptr);
    for (const Node& child : node.children) append_tree(child, depth + 1, lines, terms);
}

std::string Expression::tree() const {
    constexpr std::size_t kWidest = 60;  // what is wider does not move the others
    std::vector<std::string> lines;
    std::vector<const Term*> terms;
    append_tree(root_, 0, lines, terms);
    std::size_t width = 0;
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (terms[i]) width = std::max(width, std::min(kWidest, display_width(lines[i])));
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += lines[i];
        if (const Term* term = terms[i]) {
            const std::size_t used = display_width(lines[i]);
            out += std::string(used < width ? width - used : 0, ' ');
            out += fmt::format("  {:<15}  {}", filter_type_name(term->field().type), place_of(*term));
        }
        out += '\n';
    }
    return out;
}

}  // namespace whodid
