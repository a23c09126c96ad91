// SPDX-License-Identifier: Apache-2.0
// Secrets that are known by their shape, wherever they stand: URLs with a user, tokens, keys.
#pragma once

#include "enrich/mask_word.h"

namespace whodid::mask_engine {

/// scheme://user:SECRET@host
void mark_urls(Word& word);
/// URLs whose path is the credential, as of web hooks.
void mark_secret_paths(Word& word);
/// user:SECRET@host:port or user:SECRET@tcp(...), as data source names have it, without a scheme.
void mark_data_sources(Word& word);
/// "Bearer abc123" and "Basic dXNlcg==".
void mark_schemes(Word& word);
/// JSON web tokens: three base64url parts of which the first is an object.
void mark_web_tokens(Word& word);
/// Tokens of services, known by their prefix.
void mark_tokens(Word& word);
/// The secret key that follows the id of an AWS key, in the same word.
void mark_key_after_id(Word& word);
/// The same where the id is the word before.
void mark_key_after_id(const Word& id, Word& key);
/// The body of a PEM private key.
void mark_private_keys(Word& word);

}  // namespace whodid::mask_engine
