// SPDX-License-Identifier: Apache-2.0
// RecordMaker: records made in userspace, in the shape of those from the kernel.
#pragma once

#include <whodid/limits.h>
#include <whodid/record.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace whodid {

/// Builds a record of type R (rec_auth, ...) in an arena. Its header repeats that of the record that gave
/// rise to it, so that its id is as stable as that one's.
template <class R>
class RecordMaker {
public:
    RecordMaker(const rec_hdr& cause, std::uint16_t kind) {
        record_.h = cause;
        record_.h.kind = kind;
        record_.h.flags = 0;
        record_.h.task.fold = 0;
        record_.h.result = 0;
    }

    R* operator->() { return &record_; }

    /// Cut where the record would grow too long for its 16-bit slices.
    RecordMaker& text(rec_str R::*member, std::string_view value) {
        constexpr std::size_t kTextMax = 8192;
        value = value.substr(0, std::min(kTextMax, WHODID_RECORD_MAX - sizeof(R) - tail_.size()));
        record_.*
            member = {static_cast<rec_u16>(sizeof(R) + tail_.size()), static_cast<rec_u16>(value.size())};
        tail_ += value;
        return *this;
    }

    const rec_hdr* finish(Arena& arena) {
        record_.h.size = static_cast<rec_u32>(sizeof(R) + tail_.size());
        char* at = arena.allocate(record_.h.size);
        std::memcpy(at, &record_, sizeof(R));
        std::memcpy(at + sizeof(R), tail_.data(), tail_.size());
        return reinterpret_cast<const rec_hdr*>(at);
    }

private:
    R record_{};
    std::string tail_;
};

}  // namespace whodid
