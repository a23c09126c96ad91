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

void HandOver::reloaded(std::string_view error, std::uint64_t wall_ns) {
    const std::size_t length = error.copy(page_->reload_error, sizeof page_->reload_error - 1);
    page_->reload_error[length] = 0;
    ++(error.empty() ? page_->reloads : page_->refused_reloads);
    page_->reloaded_wall_ns = wall_ns;
}

/// Text that is just written is seen in part, which the next look mends.
HandOver::Reloads HandOver::reloads() const {
    const std::string_view error(page_->reload_error, sizeof page_->reload_error);
    return {page_->reloads, page_->refused_reloads, page_->reloaded_wall_ns,
            std::string(error.substr(0, error.find('\0')))};
}

}  // namespace whodid
