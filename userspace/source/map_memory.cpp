// SPDX-License-Identifier: Apache-2.0
// Mapping an array.
#include "source/map_memory.h"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace whodid {

Result<MapMemory> MapMemory::of(int fd) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
        return Error::from_errno("cannot ask for a map's size");
    MapMemory memory;
    memory.values_ = info.max_entries;
    memory.stride_ = (std::size_t{info.value_size} + 7) / 8 * 8;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    memory.bytes_ = (memory.values_ * memory.stride_ + page - 1) / page * page;
    void* at = ::mmap(nullptr, memory.bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return Error::from_errno("cannot map a map's memory");
    memory.at_ = static_cast<char*>(at);
    return memory;
}

MapMemory& MapMemory::operator=(MapMemory&& other) noexcept {
    if (this == &other) return *this;
    release();
    at_ = std::exchange(other.at_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    stride_ = other.stride_;
    values_ = std::exchange(other.values_, 0);
    return *this;
}

void MapMemory::release() {
    if (at_) ::munmap(at_, bytes_);
    at_ = nullptr;
}

}  // namespace whodid
