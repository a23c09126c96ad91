// SPDX-License-Identifier: Apache-2.0
// Expressions: the tree as jumps, and as text.
#include "filter/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/escape.h"

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
