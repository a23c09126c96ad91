// SPDX-License-Identifier: Apache-2.0
// Credentials in HTTP headers: "Authorization: scheme SECRET", "Cookie: name=SECRET; name=SECRET".
#pragma once

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

/// "Name: value" in [begin, end), if the name says that the value is secret.
void mark_header(Word& word, size_t begin, size_t end);
/// name=SECRET; name=SECRET
void mark_cookies(Word& word, size_t begin, size_t end);
/// A secret header's value: SECRET or scheme SECRET.
void mark_credential(Word& word, size_t begin, size_t end);

/// A line "X-Api-Key: abc" (or X-Api-Key:abc) that begins the word or follows "--header=".
void mark_anchored_headers(Word& word);
/// Known header names anywhere: in scripts, requests fed to nc, flat command lines.
void mark_inner_headers(Word& word);

}  // namespace whodid::mask_engine
