// SPDX-License-Identifier: Apache-2.0
// Words and their secret bytes.
//
// Everything marks bytes and nothing is replaced until all rules have spoken. A word cut from a shell line
// knows where each of its bytes stood in that line, so its marks carry back through quotes and nested shells,
// and the rest of the line stays byte for byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "enrich/mask_scan.h"

namespace whodid::mask_engine {

inline constexpr string_view kMask = "****";

enum Mark : char { kKeep = 0, kFirst = 1, kRest = 2 };

/// The bytes [begin, end) of a text.
struct Extent {
    uint32_t begin = 0, end = 0;
};

/// A word as the program that gets it sees it, and which of its bytes are secret.
struct Word {
    std::string text;
    std::vector<Extent> origin;  ///< where each byte stood in the shell line; empty for an argument
    std::string marks;           ///< one Mark per byte, or empty if none is secret
    bool expands = false;        ///< has $NAME or $(...) that the shell replaces
    bool is_done = false;        ///< read as a command line, not to be scanned as text
    bool is_pattern = false;     ///< an argument of grep, sed, awk
    char stop = 0;               ///< delimiter of a sed script

    /// Adds a byte that stood at [begin, end) of the shell line.
    void append(char c, size_t begin, size_t end);
    /// The bytes [begin, end), as far as there are any.
    string_view part(size_t begin, size_t end) const;
    /// Makes [begin, end) secret, unless it is empty or has been masked before.
    void mark(size_t begin, size_t end);
    /// The text with a kMask for each run of secret bytes.
    std::string masked() const;
    /// Marks in `line`, from which this word was cut, what is marked here; `offset` is where that line begins
    /// in it.
    void carry_marks_to(Word& line, size_t offset) const;

private:
    void mark_one(size_t i, Mark mark);
};

using Words = std::span<Word* const>;

}  // namespace whodid::mask_engine
