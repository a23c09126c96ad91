// SPDX-License-Identifier: Apache-2.0
// The pump, on rings that nobody writes to.
#include "app/live.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/host.h"

namespace whodid {
namespace {

/// A kernel side in which nothing ever happens, but for what its counters say.
class QuietKernel : public KernelSide {
public:
    QuietKernel()
        : ring_(::bpf_map_create(BPF_MAP_TYPE_RINGBUF, "unit_ring", 0, 0, 4096, nullptr)),
          vital_(::bpf_map_create(BPF_MAP_TYPE_RINGBUF, "unit_vital", 0, 0, 4096, nullptr)) {}
    bool valid() const { return ring_.valid() && vital_.valid(); }

    KernelDescriptors descriptors() const override { return {ring_.get(), vital_.get()}; }
    const std::vector<Hook>& hooks() const override { return hooks_; }
    Result<void> read_counters(Ledger& ledger) override {
        ledger[REC_FILE_OPEN].kernel.seen = ledger[REC_FILE_OPEN].kernel.gated = 5;
        return {};
    }
    Result<void> put(const rec_policy&) override { return {}; }
    std::uint32_t policy_map() const override { return 0; }
    void let_pass(std::uint32_t) override {}
    void will_sleep() override {}
    std::span<rec_fold> folds() const override { return {}; }
    Result<void> stop() override { return {}; }

private:
    Fd ring_, vital_;
    std::vector<Hook> hooks_;
};

struct Pump : testing::Test {
    QuietKernel kernel;
    Ledger ledger;
    RecordedHost host;
    std::unique_ptr<HandOver> hand_over = std::move(*HandOver::make());

    void SetUp() override {
        if (!kernel.valid()) GTEST_SKIP() << "no rights to make a ring: root, or CAP_BPF";
    }
    void pump(const PumpOptions& options) {
        KernelLease lease;
        lease.side = &kernel;
        lease.task_lister = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));  // no processes
        auto live = LiveCapture::take_over(std::move(lease), *hand_over, 0);
        ASSERT_TRUE(live) << live.error().message;
        PipelineOptions kept;
        kept.programs = false;
        auto pipeline = Pipeline::make((*live)->stream(), host, ledger, kept, nullptr);
        ASSERT_TRUE(pipeline) << pipeline.error().message;
        const auto pumped = (*live)->pump(**pipeline, ledger, options);
        EXPECT_TRUE(pumped) << pumped.error().message;
    }
};

TEST_F(Pump, CallsAtMostOnceASecondAlsoWhileNothingHappensAndAtItsEnd) {
    PumpOptions options;
    options.duration_ns = 60'000'000;  // several rounds
    int calls = 0;
    options.each_second = [&](const Ledger& so_far, const Pipeline& pipeline, Moment moment) {
        EXPECT_EQ(moment, ++calls == 2 ? Moment::kStopping : Moment::kRunning);
        EXPECT_EQ(so_far[REC_SENSOR_START].made, 1u);
        EXPECT_EQ(pipeline.shown(), 0u);
    };
    pump(options);
    EXPECT_EQ(calls, 2) << "at its beginning, and at its end";
}

TEST_F(Pump, TellsTheKernelsColumnsAsTheyWereLastRead) {
    Checkpoint before;
    before.losses_read_ns = 1;  // long ago: they are read at once
    hand_over->commit(before);
    PumpOptions options;
    options.duration_ns = 30'000'000;
    std::uint64_t seen = 0;
    options.each_second = [&](const Ledger& so_far, const Pipeline&, Moment) {
        seen = so_far[REC_FILE_OPEN].kernel.seen;
    };
    pump(options);
    EXPECT_EQ(seen, 5u);
}

}  // namespace
}  // namespace whodid
