// SPDX-License-Identifier: Apache-2.0
// The program's operator new, which counts.
#include "unit/allocations.h"

#include <cstdlib>
#include <new>

namespace {
thread_local bool counting = false;
thread_local std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    if (counting) ++allocations;
    return std::malloc(bytes ? bytes : 1);
}
void* operator new(std::size_t bytes) {
    if (void* memory = operator new(bytes, std::nothrow)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace whodid::test {

Allocations::Allocations() {
    allocations = 0;
    counting = true;
}
Allocations::~Allocations() { counting = false; }
std::size_t Allocations::count() const { return allocations; }

}  // namespace whodid::test
