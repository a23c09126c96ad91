// SPDX-License-Identifier: Apache-2.0
// Regular expressions.
#include "filter/pattern.h"

#include <re2/re2.h>

namespace whodid {

Result<Pattern> Pattern::compile(std::string_view expression, bool ignores_case) {
    constexpr std::int64_t kMemoryMax = 1 << 20;
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_dot_nl(true);
    options.set_never_capture(true);
    options.set_case_sensitive(!ignores_case);
    options.set_max_mem(kMemoryMax);
    options.set_log_errors(false);
    auto compiled =
        std::make_shared<const RE2>(re2::StringPiece(expression.data(), expression.size()), options);
    if (!compiled->ok()) return Error{compiled->error(), EINVAL};
    return Pattern(std::move(compiled));
}

bool Pattern::matches(std::string_view text) const {
    const re2::StringPiece piece(text.data(), text.size());
    return compiled_->Match(piece, 0, piece.size(), RE2::UNANCHORED, nullptr, 0);
}

}  // namespace whodid
