// SPDX-License-Identifier: Apache-2.0
// Mapping an array.
#include "source/map_memory.h"

#include <bpf/bpf.h>

#include <cstdint>

namespace whodid {

Result<MapMemory> MapMemory::of(int fd) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
        return Error::from_errno("cannot ask for a map's size");
    MapMemory memory;
    memory.values_ = info.max_entries;
    memory.stride_ = (std::size_t{info.value_size} + 7) / 8 * 8;
    const std::size_t bytes = memory.values_ * memory.stride_;
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return Error::from_errno("cannot map a map's memory");
    memory.at_ = {static_cast<char*>(at), Unmap{bytes}};
    return memory;
}

}  // namespace whodid
