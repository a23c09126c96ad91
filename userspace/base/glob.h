// SPDX-License-Identifier: Apache-2.0
// Glob: a shell pattern, compiled. The one meaning of patterns in the product.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whodid {

/// The patterns of fnmatch(3) without flags, on bytes: `*` (also `/`), `?`, `[a-z]`, `[!a-z]`, `[[:digit:]]`,
/// `\` before a character that means itself. A `[` that nothing closes means itself; a pattern that ends in a
/// lone `\`, or names a class that does not exist, matches nothing. Collating symbols (`[[.x.]]`, `[[=x=]]`)
/// are ordinary characters here.
///
/// Matching allocates nothing and takes at most |text| × |pattern| steps: each part between two stars is
/// looked for once, from the left.
class Glob {
public:
    /// `ignores_case`: of ASCII letters.
    explicit Glob(std::string_view pattern, bool ignores_case = false);

    bool matches(std::string_view text) const;
    /// It is of those that match nothing.
    bool is_futile() const { return never_; }

private:
    using Set = std::bitset<256>;
    static constexpr std::uint16_t kAny = 256;  // above: a set's index

    /// What stands between two stars.
    struct Part {
        std::size_t begin = 0, length = 0;  // in elements_ and bytes_
        bool is_literal = true;
    };

    void add_element(std::uint16_t element);
    bool take_set(std::string_view& rest);
    bool fits(const Part& part, std::string_view text) const;
    std::size_t find(const Part& part, std::string_view text) const;
    bool matches_byte(std::uint16_t element, char byte) const;

    bool ignores_case_ = false;
    bool never_ = false;
    std::vector<std::uint16_t> elements_;  // a byte, kAny, or a set
    std::string bytes_;                    // the same, where they are bytes
    std::vector<Set> sets_;
    std::vector<Part> parts_;  // one more than there are stars
};

}  // namespace whodid
