// SPDX-License-Identifier: Apache-2.0
// Secrets that are given a name: password=SECRET, --db-password=SECRET, "password = SECRET".
#pragma once

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

/// Every name=SECRET of the word; a value that is a command line is read as one. `depth`: in how many shells
/// the word stands.
void mark_assignments(Word& word, int depth);
/// "password = SECRET" on a line of its own, as configuration files have it.
void mark_settings(Word& word);
/// Only the parameters of a URL: for texts that are no command.
void mark_parameters(Word& word);

/// {"name": "DB_PASSWORD", "value": "x"}: does the string before `key`, a part of `text`, name a secret?
bool is_value_of_secret(string_view text, string_view key);

}  // namespace whodid::mask_engine
