// SPDX-License-Identifier: Apache-2.0
// TopCounts: the names that come most often, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace whodid {

/// The space-saving counter (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k
/// Elements in Data Streams, ICDT 2005): a name for which there is no room takes the place and the count of
/// the one with the least. So every name that came more often than total() / places is there, and of each
/// that is there count - error <= how often it came <= count.
class TopCounts {
public:
    static constexpr std::size_t kNameBytesMax = 256;  // longer names are cut: those alike so far are one

    struct Entry {
        std::string name;
        std::uint64_t count = 0;
        std::uint64_t error = 0;  // so much of the count may be others'
        bool operator==(const Entry&) const = default;
    };

    /// `places`: at least 1.
    explicit TopCounts(std::size_t places) : places_(places ? places : 1) {}

    /// Takes logarithmic time of the places, and no memory for a name that is there.
    void add(std::string_view name, std::uint64_t count = 1);

    /// At most so many, the most first; then by name.
    std::vector<Entry> top(std::size_t most) const;
    std::uint64_t total() const { return total_; }

private:
    struct Place {
        std::size_t at = 0;  // in the heap
        std::uint64_t count = 0, error = 0;
    };
    using Names = std::map<std::string, Place, std::less<>>;

    void rise(std::size_t at);
    void fall(std::size_t at);
    void swap(std::size_t a, std::size_t b);

    std::size_t places_;
    std::uint64_t total_ = 0;
    Names names_;
    std::vector<Names::value_type*> heap_;  // of the names, the least count first
};

}  // namespace whodid
