// SPDX-License-Identifier: Apache-2.0
// Sink: where events go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/batch.h"

namespace whodid {

/// Events that went nowhere. Wall clock.
struct SinkLoss {
    std::uint16_t kind = 0;
    std::uint64_t count = 0, since_ns = 0, until_ns = 0;
    std::string why;  // a word or two
};

/// How a sink fares; events, since this process began. What it has taken is in one of `written`, `rejected`,
/// `dropped` and `pending`.
struct SinkCounts {
    std::uint64_t taken = 0;
    std::uint64_t written = 0;   // out, or taken by the far end
    std::uint64_t rejected = 0;  // by the far end, for good
    std::uint64_t dropped = 0;   // lost
    std::uint64_t pending = 0, pending_bytes = 0;
    std::uint64_t found = 0;              // pending when it began, from earlier on
    std::uint64_t oldest_pending_ns = 0;  // wall clock; 0: nothing waits
    std::uint64_t failures = 0;           // tries that came to nothing
    bool is_down = false;                 // the last try did
    std::string last_error;
    std::uint64_t last_error_ns = 0;  // wall clock
};

class Sink {
public:
    virtual ~Sink() = default;
    /// Takes the events; the batch is the caller's and may be reused afterwards. How many bytes that were. An
    /// Error with EPIPE: nobody reads any more.
    virtual Result<std::uint64_t> write(const Batch& batch) = 0;
    /// Everything taken is out, or safe from the end of this process.
    virtual Result<void> flush() = 0;

    /// Does what is due though no event comes: about once a second. An Error as write() has it: one that
    /// could not write before still cannot.
    virtual Result<void> tick() { return {}; }

    /// What it has lost since the last call.
    virtual std::vector<SinkLoss> take_losses() { return {}; }
    virtual SinkCounts counts() const { return {}; }
    /// Nothing more comes. What waits is sent, as far as that takes no longer.
    virtual void close(std::uint64_t patience_ns) { (void)patience_ns; }
};

}  // namespace whodid
