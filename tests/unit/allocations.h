// SPDX-License-Identifier: Apache-2.0
// Allocations of this thread, counted while somebody asks.
#pragma once

#include <cstddef>

namespace whodid::test {

/// Calls of operator new since this was made. Not nested.
class Allocations {
public:
    Allocations();
    ~Allocations();
    Allocations(const Allocations&) = delete;
    Allocations& operator=(const Allocations&) = delete;

    std::size_t count() const;
};

}  // namespace whodid::test
