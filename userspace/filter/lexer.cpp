// SPDX-License-Identifier: Apache-2.0
// The words of an expression.
#include "filter/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/escape.h"

namespace whodid {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/-").find(c) != std::string_view::npos;
}

// Longer ones first.
constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "&&", "||", "(", ")", "{",
                                         "}",  ",",  "~",  "=",  "<",  ">",  "!", "&", "|"};

class Lexer {
public:
    explicit Lexer(std::string_view expression) : expression_(expression) {}

    Result<std::vector<Token>> read() {
        std::vector<Token> tokens;
        for (skip_blanks(); at_ < expression_.size(); skip_blanks()) {
            auto token = next();
            if (!token) return token.error();
            tokens.push_back(std::move(*token));
        }
        tokens.push_back({Token::Kind::kEnd, {expression_.size(), 0}, {}});
        return tokens;
    }

private:
    void skip_blanks() {
        while (at_ < expression_.size() && is_blank(expression_[at_])) ++at_;
    }

    std::string_view rest() const { return expression_.substr(at_); }

    Token taken(Token::Kind kind, std::size_t length) {
        const Span span{at_, length};
        at_ += length;
        return {kind, span, std::string(expression_.substr(span.at, length))};
    }

    Result<Token> next() {
        const char c = rest().front();
        if (c == '"') return escaped_text();
        if (c == '\'') return plain_text();
        if (is_word(c)) {
            const auto end = std::ranges::find_if_not(rest(), is_word);
            return taken(Token::Kind::kWord, static_cast<std::size_t>(end - rest().begin()));
        }
        for (std::string_view symbol : kSymbols)
            if (rest().starts_with(symbol)) return taken(Token::Kind::kSymbol, symbol.size());
        return fault(expression_, {at_, character_length()},
                     "this has no meaning here; text is quoted: \"*.so\"");
    }

    std::size_t character_length() const {
        std::size_t length = 1;
        while (length < rest().size() && (static_cast<unsigned char>(rest()[length]) & 0xc0) == 0x80)
            ++length;
        return length;
    }

    Error unfinished(char quote) const {
        return fault(expression_, {at_, rest().size()},
                     fmt::format("no {0} ends the text that begins here", quote));
    }

    Result<Token> plain_text() {
        const std::size_t end = rest().find('\'', 1);
        if (end == std::string_view::npos) return unfinished('\'');
        Token token = taken(Token::Kind::kText, end + 1);
        token.text = token.text.substr(1, end - 1);
        return token;
    }

    Result<Token> escaped_text() {
        std::string text;
        for (std::size_t i = 1; i < rest().size(); ++i) {
            const char c = rest()[i];
            if (c == '"') {
                Token token = taken(Token::Kind::kText, i + 1);
                token.text = std::move(text);
                return token;
            }
            if (c != '\\') {
                text += c;
                continue;
            }
            const std::size_t length = take_escape(rest().substr(i), text);
            if (length == 0 && i + 1 < rest().size())
                return fault(expression_, {at_ + i, 2},
                             "in \"...\" there are \\\\ \\\" \\n \\t \\xNN; in '...' a \\ is a \\");
            i += std::max<std::size_t>(length, 1) - 1;
        }
        return unfinished('"');
    }

    const std::string_view expression_;
    std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> read_tokens(std::string_view expression) { return Lexer(expression).read(); }

std::size_t take_escape(std::string_view from, std::string& to) {
    constexpr std::string_view kNames = "\\\"nt", kMeant = "\\\"\n\t";
    if (from.size() < 2) return 0;
    if (const std::size_t i = kNames.find(from[1]); i != std::string_view::npos) {
        to += kMeant[i];
        return 2;
    }
    constexpr std::size_t kHexLength = 4;
    unsigned byte = 0;
    if (from[1] != 'x' || from.size() < kHexLength) return 0;
    const char* end = from.data() + kHexLength;
    if (std::from_chars(from.data() + 2, end, byte, 16).ptr != end) return 0;
    to += static_cast<char>(byte);
    return kHexLength;
}

std::string quoted(std::string_view text) {
    std::string foreign;
    std::ranges::copy_if(text, std::back_inserter(foreign),
                         [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    const bool shows = escape_for_terminal(foreign) == foreign;
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            out.append(1, '\\').append(1, c);
        else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !shows))
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out + '"';
}

}  // namespace whodid
