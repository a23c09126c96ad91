// SPDX-License-Identifier: Apache-2.0
// Sinks beside each other: what each gets, and what one that fails costs the others.
#include "app/sink_set.h"

#include <gtest/gtest.h>

#include "sample_events.h"

namespace whodid {
namespace {

/// What a far end is: it can be out of order.
struct FarEnd {
    bool fails = false;
    std::vector<std::uint16_t> kinds;
    std::size_t tries = 0, ticks = 0;
};

class FakeSink : public Sink {
public:
    explicit FakeSink(FarEnd& far) : far_(far) {}
    Result<std::uint64_t> write(const Batch& batch) override {
        ++far_.tries;
        if (far_.fails) return Error{"no room", ENOSPC};
        for (const Event& event : batch.events) far_.kinds.push_back(event.kind->id);
        counts_.taken += batch.events.size();
        counts_.written += batch.events.size();
        return batch.events.size() * 100;
    }
    Result<void> flush() override { return {}; }
    Result<void> tick() override {
        ++far_.ticks;
        return far_.fails ? Result<void>(Error{"no room", ENOSPC}) : Result<void>();
    }
    SinkCounts counts() const override { return counts_; }

private:
    FarEnd& far_;
    SinkCounts counts_;
};

Filter filter_of(std::vector<std::string> expressions) {
    FilterOptions options;
    options.everything = true;
    options.expressions = std::move(expressions);
    auto filter = Filter::compile(options, {});
    EXPECT_TRUE(filter);
    return std::move(*filter);
}

class SinkSetTest : public testing::Test {
protected:
    void add(const char* name, FarEnd& far, std::vector<std::string> expressions = {}) {
        sinks_.add(name, "fake", filter_of(std::move(expressions)),
                   [this, &far]() -> Result<std::unique_ptr<Sink>> {
                       if (cannot_open_) return Error{"cannot open it", EACCES};
                       return std::unique_ptr<Sink>(std::make_unique<FakeSink>(far));
                   });
    }
    /// All samples, in one batch.
    Result<std::uint64_t> write() {
        Batch batch;
        for (const auto& [name, event] : sample_.all()) batch.events.push_back(event);
        return sinks_.write(batch);
    }
    std::size_t samples() const { return sample_.all().size(); }
    SinkSet::Described described(const std::string& name) const {
        for (const auto& sink : sinks_.describe())
            if (sink.name == name) return sink;
        ADD_FAILURE() << "no sink " << name;
        return {};
    }
    std::uint64_t lost(const std::string& name) {
        std::uint64_t sum = 0;
        for (const auto& [sink, loss] : sinks_.take_named_losses())
            if (sink == name) sum += loss.count;
        return sum;
    }

    std::unique_ptr<HandOver> page_ = std::move(*HandOver::make());
    std::uint64_t now_ns_ = 1000 * kSinkRetryNs;
    bool cannot_open_ = false;
    SinkSet sinks_{*page_, [this] { return now_ns_; }};
    test::SampleEvents sample_;
    FarEnd one_, other_;
};

TEST_F(SinkSetTest, EachGetsWhatItsFilterKeeps) {
    add("all", one_);
    add("sessions", other_, {"kind in {session.start, session.end}"});
    const auto written = write();
    ASSERT_TRUE(written);
    EXPECT_EQ(*written, samples() * 100) << "one copy, the largest";
    EXPECT_EQ(one_.kinds.size(), samples());
    const std::vector<std::uint16_t> kept = {REC_SESSION_START, REC_SESSION_END, REC_SENSOR_TAMPER};
    EXPECT_EQ(other_.kinds, kept) << "what the sensor says of itself, always";
    EXPECT_EQ(described("sessions").filtered, samples() - kept.size());
    EXPECT_EQ(described("sessions").counts.written, kept.size());
}

TEST_F(SinkSetTest, OneThatFailsIsDeclaredAndKeepsNoOtherFromItsEvents) {
    add("good", one_);
    add("full", other_);
    other_.fails = true;
    ASSERT_TRUE(write());
    EXPECT_EQ(one_.kinds.size(), samples());
    const auto full = described("full");
    EXPECT_TRUE(full.counts.is_down);
    EXPECT_EQ(full.counts.last_error, "no room");
    EXPECT_EQ(full.counts.dropped, samples());
    EXPECT_EQ(full.counts.taken, full.counts.written + full.counts.dropped);
    EXPECT_EQ(lost("full"), samples());
    EXPECT_EQ(lost("full"), 0u) << "declared once";
}

TEST_F(SinkSetTest, OneThatFailedIsTriedEverySecondAndNotMoreOften) {
    add("full", one_);
    one_.fails = true;
    ASSERT_TRUE(write());
    ASSERT_TRUE(write());
    EXPECT_EQ(one_.tries, 1u);
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(write());
    EXPECT_EQ(one_.tries, 2u);
    one_.fails = false;
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(write());
    EXPECT_EQ(one_.kinds.size(), samples()) << "what was missed is not told late";
    EXPECT_FALSE(described("full").counts.is_down);
    EXPECT_EQ(lost("full"), 3 * samples());
}

TEST_F(SinkSetTest, OneThatFailedIsTriedAgainThoughNothingIsToldToIt) {
    add("full", one_);
    one_.fails = true;
    ASSERT_TRUE(write());
    ASSERT_TRUE(sinks_.tick());
    EXPECT_EQ(one_.ticks, 0u) << "once a second";
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(sinks_.tick());
    EXPECT_EQ(one_.ticks, 1u);
    EXPECT_TRUE(described("full").counts.is_down);
    one_.fails = false;
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(sinks_.tick());
    EXPECT_FALSE(described("full").counts.is_down);
    EXPECT_EQ(one_.tries, 1u);
}

TEST_F(SinkSetTest, OneThatCannotBeOpenedIsOpenedThoughNothingIsToldToIt) {
    add("late", one_);
    cannot_open_ = true;
    sinks_.open_all();
    cannot_open_ = false;
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(sinks_.tick());
    EXPECT_FALSE(described("late").counts.is_down);
}

TEST_F(SinkSetTest, OneThatCannotBeOpenedIsOpenedLater) {
    add("late", one_);
    cannot_open_ = true;
    ASSERT_TRUE(write());
    EXPECT_EQ(described("late").counts.last_error, "cannot open it");
    cannot_open_ = false;
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(write());
    EXPECT_EQ(one_.kinds.size(), samples());
    EXPECT_EQ(lost("late"), samples());
}

TEST_F(SinkSetTest, ALossIsToldByKindAndTime) {
    add("full", one_);
    one_.fails = true;
    ASSERT_TRUE(write());
    std::map<std::uint16_t, std::uint64_t> kinds, expected;
    for (const auto& [sink, loss] : sinks_.take_named_losses()) {
        kinds[loss.kind] += loss.count;
        EXPECT_LE(loss.since_ns, loss.until_ns);
        EXPECT_NE(loss.until_ns, 0u);
    }
    for (const auto& [name, event] : sample_.all()) ++expected[event.kind->id];
    EXPECT_EQ(kinds, expected);
}

TEST_F(SinkSetTest, LostDeclarationsAreToldWhenItTakesEventsAgain) {
    Batch batch;
    batch.events.push_back(sample_.event(sample_.record<rec_sensor>(REC_SENSOR_LOSS), nullptr));
    batch.events.push_back(sample_.exec({"true"}, sample_.alice()));
    add("full", one_);
    one_.fails = true;
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(sinks_.write(batch));
        const auto told = sinks_.take_named_losses();
        ASSERT_EQ(told.size(), 1u);
        EXPECT_EQ(told[0].loss.kind, REC_PROCESS_EXEC);
    }
    one_.fails = false;
    now_ns_ += kSinkRetryNs;
    ASSERT_TRUE(sinks_.write(batch));
    const auto told = sinks_.take_named_losses();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].loss.kind, REC_SENSOR_LOSS);
    EXPECT_EQ(told[0].loss.count, 2u);
    EXPECT_TRUE(sinks_.take_last_losses({}).empty());
}

TEST_F(SinkSetTest, TheLastWordsThatASinkIsGoingToMissAreToldToTheOthers) {
    add("good", one_);
    add("full", other_);
    other_.fails = true;
    Batch batch;
    batch.events.push_back(sample_.event(sample_.record<rec_sensor>(REC_SENSOR_LOSS), nullptr));
    batch.events.push_back(sample_.exec({"true"}, sample_.alice()));
    ASSERT_TRUE(sinks_.write(batch));
    const std::uint16_t stop[] = {REC_SENSOR_STOP};
    std::map<std::uint16_t, std::uint64_t> kinds;
    for (const auto& [sink, loss] : sinks_.take_last_losses(stop)) {
        EXPECT_EQ(sink, "full");
        kinds[loss.kind] += loss.count;
    }
    const std::map<std::uint16_t, std::uint64_t> expected = {
        {REC_PROCESS_EXEC, 1}, {REC_SENSOR_STOP, 1}, {REC_SENSOR_LOSS, 1 + 3}};
    EXPECT_EQ(kinds, expected) << "three declarations, each of which it misses too";
}

TEST_F(SinkSetTest, WithoutItsVitalOneNothingIsTold) {
    auto vital = std::make_unique<FakeSink>(one_);
    sinks_.add_vital("output", std::nullopt, std::move(vital));
    ASSERT_TRUE(write());
    EXPECT_FALSE(page_->was_writing());
    one_.fails = true;
    const auto written = write();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ENOSPC);
    EXPECT_TRUE(page_->was_writing()) << "a line may be torn";
    EXPECT_EQ(lost("output"), 0u) << "its events wait in the rings";
}

}  // namespace
}  // namespace whodid
