// SPDX-License-Identifier: Apache-2.0
// Secrets in free text, known by their name or shape, whatever the program.
#pragma once

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

/// Marks every secret of the word. `depth`: in how many shells it stands.
void mark_text(Word& word, int depth);
/// The same for all words that have not been read as a command line, and for what one says of the next.
void mark_texts(Words words, int depth);

}  // namespace whodid::mask_engine
