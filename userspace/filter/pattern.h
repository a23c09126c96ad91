// SPDX-License-Identifier: Apache-2.0
// Pattern: a regular expression of RE2, in time linear to the text.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace whodid {

/// Searches bytes: a character outside ASCII is as many as UTF-8 makes of it, and `.` is any one, newline
/// included, so that no odd byte in a name hides it. Holds at most 1 MiB; allocates while its states are new.
class Pattern {
public:
    /// The Error is RE2's own words for what is wrong.
    static Result<Pattern> compile(std::string_view expression, bool ignores_case);

    /// Anywhere in it; ^ and $ are its ends.
    bool matches(std::string_view text) const;

private:
    explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace whodid
