// SPDX-License-Identifier: Apache-2.0
// MapMemory: a BPF array of the kernel side, mapped. A look at it by bpf(2) keeps all tracepoint programs off
// that CPU meanwhile (the kernel's bpf_prog_active): a preemptible kernel may draw that out to milliseconds,
// and kernels before 6.7 do not count what was skipped. Reading memory disturbs nobody, and takes no rights.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>

#include "base/result.h"

namespace whodid {

class MapMemory {
public:
    /// All of an array made with BPF_F_MMAPABLE, to be read and written. Errors: the kernel's.
    static Result<MapMemory> of(int fd);
    std::size_t size() const { return values_; }

    template <class Value>
    Value& value(std::size_t i) const {
        return *reinterpret_cast<Value*>(at_.get() + i * stride_);
    }

private:
    struct Unmap {
        std::size_t bytes;
        void operator()(char* at) const { ::munmap(at, bytes); }
    };
    std::unique_ptr<char[], Unmap> at_;
    std::size_t stride_ = 0, values_ = 0;
};

}  // namespace whodid
