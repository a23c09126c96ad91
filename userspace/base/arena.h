// SPDX-License-Identifier: Apache-2.0
// Arena: memory that lives as long as a batch and is reused by the next one.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace whodid {

/// Bump allocation in chunks that are kept over reset(): no allocation once warm.
class Arena {
public:
    /// 8-byte aligned, uninitialised.
    char* allocate(std::size_t bytes) {
        bytes = (bytes + 7) & ~std::size_t{7};
        if (current_ == chunks_.size() || used_ + bytes > chunks_[current_].size) next_chunk(bytes);
        char* at = chunks_[current_].memory.get() + used_;
        used_ += bytes;
        return at;
    }

    std::string_view copy(std::string_view text) {
        char* at = allocate(text.size());
        if (!text.empty()) std::memcpy(at, text.data(), text.size());
        return {at, text.size()};
    }

    void reset() {
        current_ = 0;
        used_ = 0;
    }

private:
    static constexpr std::size_t kChunkBytes = 256 * 1024;
    struct Chunk {
        std::unique_ptr<char[]> memory;
        std::size_t size;
    };

    void next_chunk(std::size_t at_least) {
        if (current_ < chunks_.size()) ++current_;
        used_ = 0;
        if (current_ < chunks_.size() && chunks_[current_].size >= at_least) return;
        const std::size_t size = at_least > kChunkBytes ? at_least : kChunkBytes;
        chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(current_),
                       Chunk{std::make_unique_for_overwrite<char[]>(size), size});
    }

    std::vector<Chunk> chunks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
};

}  // namespace whodid
