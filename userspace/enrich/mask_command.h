// SPDX-License-Identifier: Apache-2.0
// Secrets of one command, by what the tables say about its program.
#pragma once

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

/// How many shells in shells are looked at.
inline constexpr int kMaxDepth = 4;

/// Marks the secrets of a command and of the commands it runs: sudo env A=b ssh host docker exec ...
/// `depth`: in how many shells it stands; nothing is done beyond kMaxDepth. `flat`: its words come from a
/// line whose quotes are lost.
void mask_command(Words words, int depth, bool flat);

/// The program's name in a path, or in the "-bash" of a login shell.
string_view base_name(string_view path);
/// "-" and more.
bool is_option(string_view text);

}  // namespace whodid::mask_engine
