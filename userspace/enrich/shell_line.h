// SPDX-License-Identifier: Apache-2.0
// A shell line's commands and words.
#pragma once

#include <deque>
#include <vector>

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

struct Command {
    std::vector<Word*> words;
    std::vector<Word*> input;                   ///< here-strings and here-documents
    std::vector<Word*> files;                   ///< what it is redirected to
    size_t writers_begin = 0, writers_end = 0;  ///< the commands whose output it reads through a pipe
    size_t group_begin = 0, group_end = 0;      ///< the commands of a ( ) group in its place, or of its <( )
};

struct Line {
    std::deque<Word> words;  ///< a deque: commands point into it while it grows
    std::vector<Command> commands;
};

/// Splits a shell line, well enough to find options in it. Not a parser: keywords are words to it, and a
/// quote that is never closed is a byte like any other (sudo logs lines without quotes). Each byte of a word
/// knows where it stood in `text`. Linear in time; takes a hundred bytes of memory per word.
Line split_shell_line(string_view text);

}  // namespace whodid::mask_engine
