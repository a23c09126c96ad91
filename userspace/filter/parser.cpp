// SPDX-License-Identifier: Apache-2.0
// An expression as a tree of comparisons, by recursive descent; only parentheses recurse, and they are
// bounded.
#include "filter/parser.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/nearest.h"
#include "filter/lexer.h"
#include "filter/resolve.h"

namespace whodid {

namespace {

Node negation_of(Node node) {
    if (node.kind == Node::Kind::kNot) return std::move(node.children.front());
    Node made{Node::Kind::kNot};
    made.children.push_back(std::move(node));
    return made;
}

/// Adds `child` to what a conjunction or disjunction joins.
void join(Node& to, Node child) {
    if (child.kind != to.kind) {
        to.children.push_back(std::move(child));
        return;
    }
    std::ranges::move(child.children, std::back_inserter(to.children));
}

/// What stands at a token, for a message.
std::string what_is(const Token& token) {
    switch (token.kind) {
        case Token::Kind::kEnd:
            return "the end";
        case Token::Kind::kText:
            return "a text";
        default:
            return fmt::format("'{}'", token.text);
    }
}

class Parser {
public:
    Parser(std::string_view expression, std::vector<Token> tokens)
        : expression_(expression), tokens_(std::move(tokens)) {}

    Result<Syntax> parse() {
        auto root = disjunction();
        if (!root) return root.error();
        if (peek().kind != Token::Kind::kEnd) return unexpected_behind_a_term();
        return Syntax{std::move(*root), std::move(comparisons_)};
    }

private:
    const Token& peek() const { return tokens_[at_]; }
    const Token& peek_next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    const Token& take() { return peek().kind == Token::Kind::kEnd ? tokens_[at_] : tokens_[at_++]; }
    bool take_any(std::string_view word, std::string_view symbol) {
        if (!peek().is(word) && !peek().is(symbol)) return false;
        ++at_;
        return true;
    }
    Error fault_at(const Token& token, std::string_view message) const {
        return fault(expression_, token.span, message);
    }

    Result<Node> disjunction() {
        return joined(Node::Kind::kOr, "or", "||", [this] { return conjunction(); });
    }
    Result<Node> conjunction() {
        return joined(Node::Kind::kAnd, "and", "&&", [this] { return negation(); });
    }

    template <class Part>
    Result<Node> joined(Node::Kind kind, std::string_view word, std::string_view symbol, Part part) {
        auto first = part();
        if (!first || (!peek().is(word) && !peek().is(symbol))) return first;
        Node node{kind};
        join(node, std::move(*first));
        while (take_any(word, symbol)) {
            auto next = part();
            if (!next) return next.error();
            join(node, std::move(*next));
        }
        return node;
    }

    Result<Node> negation() {
        bool negated = false;
        while (take_any("not", "!")) negated = !negated;
        auto node = primary();
        return node && negated ? negation_of(std::move(*node)) : std::move(node);
    }

    Result<Node> primary() {
        if (!peek().is("(")) return comparison();
        const Token open = take();
        if (++nesting_ > kFilterNestingMax)
            return fault_at(open, fmt::format("more than {} parentheses are open", kFilterNestingMax));
        auto node = disjunction();
        if (!node) return node;
        if (peek().kind == Token::Kind::kEnd) return fault_at(open, "no ')' closes this");
        if (!take_any(")", ")")) return unexpected_behind_a_term();
        --nesting_;
        return node;
    }

    Error unexpected_behind_a_term() const {
        const Token& token = peek();
        if (token.is(")")) return fault_at(token, "no '(' opens what this closes");
        if (token.is("&") || token.is("|"))
            return fault_at(token, fmt::format("'{0}' is no operator, did you mean '{0}{0}'?", token.text));
        const std::string near =
            token.kind == Token::Kind::kWord ? did_you_mean(token.text, {"and", "or"}) : std::string();
        return fault_at(token, fmt::format("expected `and`, `or`{} or the end, not {}{}",
                                           nesting_ ? ", ')'" : "", what_is(token), near));
    }

    Result<Node> comparison() {
        const bool exists = peek().is("exists");
        if (exists) take();
        auto field = this->field(exists ? "a field" : "a field, `exists`, `not` or '('");
        if (!field) return field.error();
        Comparison made{*field, tokens_[at_ - 1].span};
        if (!exists)
            if (auto read = read_operator_and_values(made); !read) return read.error();
        if (comparisons_.size() == kFilterTermsMax)
            return fault(expression_, made.field_span,
                         fmt::format("more than {} terms: many values of one field are one, by `in`",
                                     kFilterTermsMax));
        comparisons_.push_back(std::move(made));
        return Node{Node::Kind::kTerm, comparisons_.size() - 1};
    }

    Result<const Field*> field(std::string_view expected) {
        const Token& token = take();
        if (token.kind == Token::Kind::kText)
            return fault_at(token,
                            "expected a field, not a text: user == \"alice\", user in {\"alice\", \"bob\"}");
        if (token.kind != Token::Kind::kWord || token.is("and") || token.is("or") || token.is("in"))
            return fault_at(token, fmt::format("expected {}, not {}", expected, what_is(token)));
        const Field* found = find_field(token.text);
        if (!found) return fault_at(token, unknown_field(token.text).message);
        return found;
    }

    Result<void> read_operator_and_values(Comparison& made) {
        const Field& field = *made.field;
        const Token& token = peek();
        if (ends_a_term(token)) {
            if (field.type != Type::kBoolean) return no_operator(field);
            made.op = Operator::kEqual;
            made.values.push_back({"true"});
            return {};
        }
        const auto op = find_operator(token.text);
        const bool is_operator = op && *op != Operator::kExists && token.is(operator_name(*op));
        if (!is_operator) return no_operator(field);
        if (!goes_with(*op, field.type))
            return fault_at(token, fmt::format("'{}' does not go with {}, {}: {}", token.text, field.key,
                                               a_filter_type(field.type), what_goes_with(field.type)));
        made.op = *op;
        take();
        if (peek().is("~")) {
            if (!has_case(field.type))
                return fault_at(peek(), fmt::format("'~' is for text without its case; {} is {}", field.key,
                                                    a_filter_type(field.type)));
            made.ignores_case = true;
            take();
        }
        return made.op == Operator::kIn ? read_set(made) : read_value(made);
    }

    static std::string what_goes_with(Type type) {
        return type == Type::kIdentities ? "only `exists` does" : operators_of(type) + " do";
    }

    bool ends_a_term(const Token& token) const {
        return token.kind == Token::Kind::kEnd || token.is("and") || token.is("or") || token.is("&&") ||
               token.is("||") || token.is(")");
    }

    Error no_operator(const Field& field) const {
        const Token& token = peek();
        if (token.is("=")) return fault_at(token, "'=' is no operator, did you mean '=='?");
        if (token.is("~")) return fault_at(token, "'~' stands behind an operator: ==~, contains~");
        if (token.is("exists"))
            return fault_at(token, fmt::format("`exists` stands before the field: exists {}", field.key));
        if (token.is("not") || token.is("!"))
            return fault_at(token, fmt::format("`not` stands before the whole comparison: not {} {} ...",
                                               field.key, peek_next().is("in") ? "in" : "=="));
        const bool is_word = token.kind == Token::Kind::kWord;
        return fault_at(token, fmt::format("expected an operator behind {}, {}, not {}{}: {}", field.key,
                                           a_filter_type(field.type), what_is(token),
                                           is_word ? did_you_mean(token.text, operator_names()) : "",
                                           what_goes_with(field.type)));
    }

    Result<void> read_value(Comparison& made) {
        const Token& token = peek();
        if (token.is("{"))
            return fault_at(token, fmt::format("many values go with `in`: {} in {{...}}", made.field->key));
        const bool joins = token.is("and") || token.is("or") || token.is("not");
        if (joins || (token.kind != Token::Kind::kWord && token.kind != Token::Kind::kText))
            return fault_at(token, fmt::format("expected a value of {}, {}, not {}", made.field->key,
                                               a_filter_type(made.field->type), what_is(token)));
        made.values.push_back({token.text, token.kind == Token::Kind::kText, token.span});
        take();
        return {};
    }

    Result<void> read_set(Comparison& made) {
        if (!peek().is("{"))
            return fault_at(peek(), fmt::format("expected '{{' behind `in`, not {}: {} in {{..., ...}}",
                                                what_is(peek()), made.field->key));
        const Token open = take();
        do {
            if (auto read = read_value(made); !read) return read;
        } while (take_any(",", ","));
        if (peek().kind == Token::Kind::kEnd) return fault_at(open, "no '}' closes this");
        if (!peek().is("}"))
            return fault_at(peek(), fmt::format("expected ',' or '}}', not {}", what_is(peek())));
        take();
        return {};
    }

    const std::string_view expression_;
    const std::vector<Token> tokens_;
    std::size_t at_ = 0, nesting_ = 0;
    std::vector<Comparison> comparisons_;
};

}  // namespace

Result<Syntax> parse_filter(std::string_view expression) {
    if (expression.size() > kFilterBytesMax)
        return fault(expression, {kFilterBytesMax, 1},
                     fmt::format("an expression has at most {} bytes, this one {}", kFilterBytesMax,
                                 expression.size()));
    auto tokens = read_tokens(expression);
    if (!tokens) return tokens.error();
    return Parser(expression, std::move(*tokens)).parse();
}

}  // namespace whodid
