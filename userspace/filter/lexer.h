// SPDX-License-Identifier: Apache-2.0
// Lexer: the words of an expression.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/fault.h"

namespace whodid {

struct Token {
    enum class Kind : std::uint8_t {
        kWord,    // letters, digits and ._:/- : names, operators, numbers, addresses, durations
        kText,    // in quotes
        kSymbol,  // ( ) { } , ~ = == != < <= > >= ! & && | ||
        kEnd,
    };
    Kind kind = Kind::kEnd;
    Span span;
    std::string text;  // of kText without quotes and escapes; else as it stands there

    bool is(std::string_view what) const {
        return (kind == Kind::kWord || kind == Kind::kSymbol) && text == what;
    }
};

/// The tokens of `expression`; the last one is kEnd. In "..." a \ escapes: \\ \" \n \t \xNN; in '...' there
/// are no escapes. The Error shows the place.
Result<std::vector<Token>> read_tokens(std::string_view expression);

/// Appends what the escape at the front of `from` stands for, and tells its length; 0: it is none of those.
std::size_t take_escape(std::string_view from, std::string& to);

/// `text` in double quotes, as read_tokens reads it again. Control characters, bytes that are not UTF-8, and,
/// where one of them would steer a terminal, all characters that are not ASCII are \xNN.
std::string quoted(std::string_view text);

}  // namespace whodid
