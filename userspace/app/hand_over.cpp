// SPDX-License-Identifier: Apache-2.0
// Memory that outlives a worker.
#include "app/hand_over.h"

#include <sys/mman.h>

#include <new>

namespace whodid {

Result<std::unique_ptr<HandOver>> HandOver::make() {
    void* memory = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error::from_errno("cannot get memory to hand over");
    return std::unique_ptr<HandOver>(new HandOver(new (memory) Page{}));
}

HandOver::~HandOver() { ::munmap(page_, sizeof(Page)); }

void HandOver::commit(const Checkpoint& checkpoint) {
    const std::uint32_t other = 1 - page_->current.load();
    page_->checkpoints[other] = checkpoint;
    page_->current.store(other, std::memory_order_release);
}

void HandOver::started(const rec_guard& sensor) { page_->sensor = sensor; }

}  // namespace whodid
