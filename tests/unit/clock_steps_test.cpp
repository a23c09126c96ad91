// SPDX-License-Identifier: Apache-2.0
// The wall clock is set by an hour, forward and back, and hours go by in a moment (a machine was suspended):
// what waits for a time neither waits an hour nor takes an hour for over.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "event_files_world.h"
#include "sink/delivery.h"
#include "spool_place.h"

namespace whodid {
namespace {

using test::EventFilesWorld;
using test::range;
using test::SpoolPlace;

constexpr std::uint64_t kSecondNs = 1'000'000'000, kHourNs = 3600 * kSecondNs;

/// Never answers in time, until it is well.
class BlackHole : public Receiver {
public:
    Outcome deliver(std::span<const SpoolRecord> records) override {
        ++requests;
        if (!is_well) return {Outcome::What::kRetry, 0, 0, "no answer within 10s"};
        for (const SpoolRecord& record : records) taken.push_back(test::number_of(record));
        return {};
    }

    bool is_well = false;
    std::size_t requests = 0;
    std::vector<std::uint64_t> taken;
};

class DeliveryByClocks : public testing::Test {
protected:
    DeliveryByClocks() {
        settings_.path = place_.path;
        settings_.batch_records = 50;
        settings_.keep_ns = 0;
        const auto boot = [this] { return place_.now_ns; };
        const auto wall = [this] { return wall_ns_; };
        spool_ = std::move(*Spool::open(place_.path, {0, 2 * kHourNs, 0}, {wall, boot}));
        delivery_ = std::make_unique<Delivery>(*spool_, receiver_, settings_, DeliveryClock{boot, wall}, 1);
    }
    /// A record, and ten seconds that go by.
    void commit_in_turn(std::uint64_t from, std::uint64_t to) {
        for (; from < to; ++from) {
            test::put(*spool_, Lane::kRest, from, 20);
            ASSERT_TRUE(spool_->commit());
            delivery_->step();
            place_.now_ns += 10 * kSecondNs;
        }
    }
    void deliver_all() {
        for (std::uint64_t next = 0; next != Delivery::kNever;) {
            next = delivery_->step();
            if (next != Delivery::kNever) place_.now_ns = std::max(place_.now_ns, next);
        }
    }
    void expect_account() const {
        const OutboxStats s = delivery_->stats();
        EXPECT_EQ(s.accepted + s.found,
                  s.written + s.rejected + s.failed + s.dropped + s.corrupt + s.pending_records);
        EXPECT_EQ(s.dropped + s.corrupt + s.failed + s.rejected, 0u);
    }

    SpoolPlace place_;
    std::uint64_t wall_ns_ = 1'700'000'000 * kSecondNs;
    OutboxSettings settings_;
    BlackHole receiver_;
    std::unique_ptr<Spool> spool_;
    std::unique_ptr<Delivery> delivery_;
};

TEST_F(DeliveryByClocks, AnHourInABlackHoleCostsFewRequestsAndNoRecord) {
    commit_in_turn(0, 360);
    EXPECT_GE(receiver_.requests, 3600u / 30);
    EXPECT_LE(receiver_.requests, 3600u / 15 + 10);
    EXPECT_EQ(delivery_->stats().pending_records, 360u);
    expect_account();
    receiver_.is_well = true;
    deliver_all();
    EXPECT_EQ(receiver_.taken, range(0, 360));
    expect_account();
}

TEST_F(DeliveryByClocks, AStepOfTheWallClockNeitherHurriesNorHoldsUpARequest) {
    commit_in_turn(0, 3);
    for (const std::int64_t step : {1, -2, 1}) {
        const std::size_t before = receiver_.requests;
        wall_ns_ += static_cast<std::uint64_t>(step) * kHourNs;
        delivery_->step();
        EXPECT_LE(receiver_.requests, before + 1);
        commit_in_turn(3, 3 + 12);
        EXPECT_GE(receiver_.requests, before + 2 * 60 / 40) << "within half a minute, and ten seconds more";
        EXPECT_LE(receiver_.requests, before + 2 * 60 / 15 + 1);
    }
    receiver_.is_well = true;
    deliver_all();
    EXPECT_EQ(receiver_.taken.size(), 3u + 3 * 12);
    expect_account();
}

TEST_F(DeliveryByClocks, AfterASuspensionItGoesOnAtOnce) {
    commit_in_turn(0, 3);
    receiver_.is_well = true;
    place_.now_ns += kHourNs;
    deliver_all();
    EXPECT_EQ(receiver_.taken, range(0, 3));
    expect_account();
}

// ---- event files ------------------------------------------------------------------------------------------

std::size_t lines_in(const EventFilesWorld& world) {
    std::size_t lines = 0;
    for (const std::string& name : world.names(".jsonl")) {
        const std::string text = world.read(name);
        lines += static_cast<std::size_t>(std::ranges::count(text, '\n'));
    }
    return lines;
}

TEST(EventFilesByClocks, AStepBeginsAFileAtMostAndLosesNoLine) {
    EventFilesWorld world;
    world.settings.compress = false;
    world.settings.rotate_ns = kHourNs / 2;
    const auto files = world.open();
    std::size_t files_before = 0;
    for (const std::int64_t step : {0, 1, -2, 1, -1}) {
        world.now_ns += static_cast<std::uint64_t>(step) * kHourNs;
        for (int i = 0; i < 20; ++i) {
            world.add(*files, 3);
            world.now_ns += kSecondNs;
        }
        const std::size_t now = world.names(".jsonl").size();
        EXPECT_LE(now, files_before + 1) << step;
        files_before = now;
    }
    ASSERT_TRUE(files->seal());
    EXPECT_EQ(lines_in(world), 5u * 20 * 3);
    EXPECT_EQ(world.verdict(), "intact");
}

// It is tried again a second after it failed, whatever the clock is set to meanwhile.
TEST(EventFilesByClocks, AStepBackDoesNotHoldUpWhatIsTriedAgain) {
    EventFilesWorld world;
    world.settings.compress = false;
    const auto files = world.open();
    std::filesystem::rename(world.events, world.events + ".away");
    world.add(*files, 3);
    EXPECT_TRUE(files->counts().is_down);
    world.now_ns -= kHourNs;
    std::filesystem::rename(world.events + ".away", world.events);
    world.add(*files, 4);
    EXPECT_FALSE(files->counts().is_down);
    EXPECT_EQ(files->counts().dropped, 3u);
    ASSERT_TRUE(files->seal());
    EXPECT_EQ(lines_in(world), 4u);
    EXPECT_EQ(world.verdict(), "intact");
}

}  // namespace
}  // namespace whodid
