// SPDX-License-Identifier: Apache-2.0
// Sink: where events go.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "event/batch.h"

namespace whodid {

class Sink {
public:
    virtual ~Sink() = default;
    /// Takes the events; the batch is the caller's and may be reused afterwards. How many bytes that were. An
    /// Error with EPIPE: nobody reads any more.
    virtual Result<std::uint64_t> write(const Batch& batch) = 0;
    /// Everything taken is out.
    virtual Result<void> flush() = 0;
};

}  // namespace whodid
