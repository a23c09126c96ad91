// SPDX-License-Identifier: Apache-2.0
// Any line: parts that lie in it in order, a key that reads back the same, and that its fingerprint finds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/authorized_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = whodid::parse_authorized_key(text);
    if (!line) return 0;
    if (line->options.size() + line->type.size() + line->key.size() + line->comment.size() > size) abort();
    if (line->comment.size() > whodid::kKeyCommentMax) abort();
    const std::string fingerprint = whodid::key_fingerprint(line->key);
    if (fingerprint.size() != 50) abort();
    const std::string file = "# a comment\n" + std::string(line->type) + ' ' + std::string(line->key);
    const auto found = whodid::find_authorized_key(file, fingerprint);
    if (!found || found->key != line->key || !found->options.empty() || !found->comment.empty()) abort();
    return 0;
}
