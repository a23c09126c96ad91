// SPDX-License-Identifier: Apache-2.0
// A fault in an expression, shown where it is.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace whodid {

/// A piece of the expression, in bytes.
struct Span {
    std::size_t at = 0, length = 0;
};

/// An Error (EINVAL) of three lines: "column 6: <message>", the expression, and "^~~" below the piece.
/// Columns are those of a terminal, from 1; of a long expression the part around the piece is shown. What
/// would steer the terminal is escaped.
Error fault(std::string_view expression, Span piece, std::string_view message);

}  // namespace whodid
