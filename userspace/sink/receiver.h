// SPDX-License-Identifier: Apache-2.0
// Receiver: the far end of an outbox.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace whodid {

/// One encoded event as it lies in a spool.
struct SpoolRecord {
    std::string_view payload;
    std::uint16_t kind = 0;
    std::uint64_t wall_ns = 0;
};

/// What became of records that were sent.
struct Outcome {
    enum class What {
        kTaken,     // all but `rejected`
        kRetry,     // none; later they may be
        kRefused,   // none, and never will be
        kTooLarge,  // none; fewer at a time may be
    };
    What what = What::kTaken;
    std::uint64_t rejected = 0;
    std::uint64_t retry_after_ns = 0;  // kRetry: what the receiver asked for; 0: nothing
    std::string why;                   // for the operator; empty when there is nothing to say
    bool is_late = false;              // kRetry: no answer came in time; to fewer at a time one may
};

class Receiver {
public:
    virtual ~Receiver() = default;
    /// Sends them in one request and waits for the answer, at most for a timeout of its own. The payloads are
    /// the caller's.
    virtual Outcome deliver(std::span<const SpoolRecord> records) = 0;
    /// From any thread: a request that is under way ends soon, as kRetry, and so does each after it.
    virtual void cancel() {}
};

}  // namespace whodid
