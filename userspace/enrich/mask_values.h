// SPDX-License-Identifier: Apache-2.0
// Marks the secret bytes of a value of which it is known what it holds.
//
// All functions look at the bytes [begin, end) of a word; an `end` beyond the text means its end.
#pragma once

#include "enrich/mask_rules.h"
#include "enrich/mask_word.h"

namespace whodid::mask_engine {

namespace rules = mask_rules;
using rules::equal_ignoring_case;
using rules::Secret;

/// For values that certainly are the secret, unless the shell puts it in later or "-" asks for it.
void mark_certain(Word& word, size_t begin, size_t end);
/// For values whose name is only likely to hold a secret.
void mark_likely(Word& word, size_t begin, size_t end);
/// user:SECRET; the user part too if it is a token, as in "TOKEN:x-oauth-basic".
void mark_pair(Word& word, size_t begin, size_t end, char separator);
/// [domain/]user:SECRET@host without a scheme; without a host only if that is certain to be a login, that is
/// unless `needs_host`.
void mark_login(Word& word, size_t begin, size_t end, bool needs_host);
/// What `secret` says of the value that goes from `begin` to the end of the word. Nothing for those that take
/// more than one word, which the command has to know.
void mark_secret(Word& word, size_t begin, Secret secret);

/// Only bytes that the names of users have.
bool is_user(string_view text);
/// user:SECRET rather than arn:aws:... or a=b:c
bool is_login(string_view text);

}  // namespace whodid::mask_engine
