// SPDX-License-Identifier: Apache-2.0
// Secrets of a shell line: those of its commands and what one hands to another by pipe or file.
#pragma once

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

/// Marks the secrets of the shell line that goes from `begin` to the end of the word. `depth`: in how many
/// shells the word stands. `flat`: its quotes are lost. False, and nothing done, if that is too deep, too
/// long or has been read already.
bool mask_shell_line(Word& word, size_t begin, int depth, bool flat);

}  // namespace whodid::mask_engine
