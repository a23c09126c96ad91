// SPDX-License-Identifier: Apache-2.0
// PolicyLine: between a worker, which may make no BPF maps, and the supervisor, which puts the policy in
// force that the worker asks for.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"
#include "source/kernel_side.h"

namespace whodid {

struct PolicyLine {
    Fd asks, answers;  // the worker's end, the supervisor's
    static Result<PolicyLine> make();
};

/// The supervisor's part: takes one request that waits, and answers it. Anything else than a request that
/// fits is answered by nothing.
void answer_request(int answers_fd, KernelSide& side);

/// The worker's part: all as `side` has it, but for the policy.
class LeasedSide : public KernelSide {
public:
    /// `side` outlives it.
    LeasedSide(KernelSide& side, Fd asks) : side_(side), asks_(std::move(asks)) {}

    KernelDescriptors descriptors() const override { return side_.descriptors(); }
    const std::vector<Hook>& hooks() const override { return side_.hooks(); }
    Result<void> read_counters(Ledger& ledger) override { return side_.read_counters(ledger); }
    /// Waits for the answer, a second at most; for the first ten, without which there is nothing to do.
    Result<void> put(const rec_policy& policy) override;
    std::uint32_t policy_map() const override { return policy_map_; }
    std::span<rec_fold> folds() const override { return side_.folds(); }
    void let_pass(std::uint32_t tid) override { side_.let_pass(tid); }
    void will_sleep() override { side_.will_sleep(); }
    Result<void> stop() override { return side_.stop(); }

private:
    KernelSide& side_;
    Fd asks_;
    std::uint64_t asked_ = 0;  // the last request's number: an answer that comes late is another one's
    bool has_policy_ = false;
    std::uint32_t policy_map_ = 0;
};

}  // namespace whodid
