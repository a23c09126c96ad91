// SPDX-License-Identifier: Apache-2.0
// A fault in an expression.
#include "filter/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/escape.h"

namespace whodid {

namespace {

constexpr std::size_t kAroundBytes = 60;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// The last `kAroundBytes` or less, from the beginning of a character on.
std::string_view tail(std::string_view text) {
    if (text.size() <= kAroundBytes) return text;
    text.remove_prefix(text.size() - kAroundBytes);
    while (!text.empty() && continues_character(text.front())) text.remove_prefix(1);
    return text;
}

std::string_view head(std::string_view text) {
    std::size_t length = std::min(text.size(), kAroundBytes);
    while (length < text.size() && length > 0 && continues_character(text[length])) --length;
    return text.substr(0, length);
}

}  // namespace

Error fault(std::string_view expression, Span piece, std::string_view message) {
    const std::size_t at = std::min(piece.at, expression.size());
    const std::string_view before = expression.substr(0, at), wrong = expression.substr(at, piece.length);
    const std::string_view after = expression.substr(at + wrong.size());
    const std::string_view near_before = tail(before), near_wrong = head(wrong),
                           near_after = wrong.size() == near_wrong.size() ? head(after) : "";

    const std::string left =
        (near_before.size() < before.size() ? "…" : "") + escape_for_terminal(near_before);
    const std::string middle = escape_for_terminal(near_wrong);
    const bool is_cut = near_before.size() + near_wrong.size() + near_after.size() <
                        near_before.size() + wrong.size() + after.size();
    const std::string right = escape_for_terminal(near_after) + (is_cut ? "…" : "");
    const std::size_t width = std::max<std::size_t>(display_width(middle), 1);
    return Error{fmt::format("column {}: {}\n    {}{}{}\n    {}^{}",
                             display_width(escape_for_terminal(before)) + 1, message, left, middle, right,
                             std::string(display_width(left), ' '), std::string(width - 1, '~')),
                 EINVAL};
}

}  // namespace whodid
