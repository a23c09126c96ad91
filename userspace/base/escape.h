// SPDX-License-Identifier: Apache-2.0
// Untrusted bytes made safe to show: UTF-8 checks, terminal escapes, base64, columns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// True when `text` is well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, at most
/// U+10FFFF).
bool valid_utf8(std::string_view text);

/// `text` with each maximal ill-formed sequence replaced by one U+FFFD (Unicode 15, section 3.9, "U+FFFD
/// substitution of maximal subparts"; the same as the WHATWG decoder). At most three times as long.
std::string to_utf8_replacing(std::string_view text);

/// `text` as one line that a terminal shows literally and that can be turned back: \n \t \\, other control
/// bytes and every byte that is not UTF-8 as \xNN, and as \uNNNN the code points that steer rather than show:
/// C1 controls, bidirectional marks, embeddings, overrides and isolates (U+061C, U+200E/F, U+202A-202E,
/// U+2066-2069) and the line separators U+2028/9. Always valid UTF-8, at most four times as long.
std::string escape_for_terminal(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);
/// The bytes again; the padding may be missing. nullopt: not base64.
std::optional<std::string> from_base64(std::string_view text);

/// Columns that `text` takes on a terminal: 2 for wide East Asian characters and emoji, 0 for combining marks
/// and other characters drawn on the one before, 1 otherwise (control characters and ill-formed sequences
/// too: escape first). The tables are the common part of EastAsianWidth.txt and of general category Mn,
/// Unicode 15.
std::size_t display_width(std::string_view text);

/// `text` in at most `columns` columns: if it is wider, its middle gives way to one "…". A code point is
/// never split, nor a combining mark parted from its base.
std::string cut_middle(std::string_view text, std::size_t columns);

/// Text of somebody else's for a message: escaped, cut to 60 columns, in single quotes.
std::string quote_for_terminal(std::string_view text);

}  // namespace whodid
