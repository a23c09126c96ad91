// SPDX-License-Identifier: Apache-2.0
// RingSource: reads the kernel's rings. Takes descriptors; the loader makes them.
#pragma once

#include <memory>

#include "source/source.h"

struct ring_buffer;

namespace whodid {

/// Borrowed descriptors of a loaded kernel side.
struct KernelDescriptors {
    int ring = -1, vital_ring = -1, counters = -1;
};

class RingSource : public Source {
public:
    static Result<std::unique_ptr<RingSource>> open(const KernelDescriptors& fds);
    ~RingSource() override;
    RingSource(const RingSource&) = delete;
    RingSource& operator=(const RingSource&) = delete;

    Result<bool> drain(const Take& take) override;
    int wait_fd() const override;

private:
    RingSource() = default;
    static int on_record(void* self, void* data, std::size_t bytes);

    ring_buffer* rings_ = nullptr;
    const Take* take_ = nullptr;
};

}  // namespace whodid
