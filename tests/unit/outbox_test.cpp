// SPDX-License-Identifier: Apache-2.0
// The outbox: what is sent when, and what becomes of it by the receiver's answer.
#include "sink/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "event/kinds.h"
#include "sink/delivery.h"
#include "spool_place.h"

namespace whodid {
namespace {

using test::number_of;
using test::range;
using test::SpoolPlace;
using Numbers = std::vector<std::uint64_t>;
using What = Outcome::What;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

/// Answers as it is told, and takes everything afterwards.
class FakeReceiver : public Receiver {
public:
    Outcome deliver(std::span<const SpoolRecord> records) override {
        const std::lock_guard lock(mutex_);
        sizes.push_back(records.size());
        Outcome outcome = usual;
        if (!answers.empty()) {
            outcome = answers.front();
            answers.pop_front();
        }
        if (records.size() > records_max) outcome.what = What::kTooLarge;
        if (records.size() > in_time_max) outcome = {What::kRetry, 0, 0, "no answer", true};
        for (const SpoolRecord& record : records)
            if (outcome.what == What::kTaken) taken.push_back(number_of(record));
        changed_.notify_all();
        return outcome;
    }
    void wait_for_taken(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return taken.size() >= count; });
    }
    void wait_for_requests(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return sizes.size() >= count; });
    }
    void answer_from_now_on(const Outcome& outcome) {
        const std::lock_guard lock(mutex_);
        usual = outcome;
    }

    std::deque<Outcome> answers;
    Outcome usual;
    std::size_t records_max = SIZE_MAX, in_time_max = SIZE_MAX;
    Numbers taken;
    std::vector<std::size_t> sizes;  // of requests

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

void expect_account(const OutboxStats& s) {
    EXPECT_EQ(s.accepted + s.found,
              s.written + s.rejected + s.failed + s.dropped + s.corrupt + s.pending_records);
}

OutboxSettings settings_of(const SpoolPlace& place) {
    OutboxSettings settings;
    settings.path = place.path;
    settings.batch_records = 10;
    settings.keep_ns = 0;  // records are of 1970
    return settings;
}

class DeliveryTest : public testing::Test {
protected:
    DeliveryTest() : spool_(place_.open()) { begin(); }
    void begin() {
        const auto now = [this] { return place_.now_ns; };
        delivery_ = std::make_unique<Delivery>(*spool_, receiver_, settings_, DeliveryClock{now, now}, 1);
    }
    void commit(std::uint64_t from, std::uint64_t to) {
        for (; from < to; ++from) test::put(*spool_, Lane::kRest, from, 20);
        ASSERT_TRUE(spool_->commit());
    }
    /// Until nothing is pending, or there were so many requests; the clock goes along.
    void run(std::size_t requests = 1000) {
        requests += receiver_.sizes.size();
        while (receiver_.sizes.size() < requests) {
            const std::uint64_t next = delivery_->step();
            if (next == Delivery::kNever) return;
            place_.now_ns = std::max(place_.now_ns, next);
        }
    }
    /// Twenty records to a receiver that takes three at a time.
    void expect_halved_until_taken() {
        commit(0, 20);
        run();
        EXPECT_EQ(receiver_.taken, range(0, 20));
        EXPECT_EQ(receiver_.sizes[0], 10u);
        EXPECT_EQ(receiver_.sizes[1], 5u);
        EXPECT_EQ(receiver_.sizes[2], 2u);
    }
    /// How long the next request is waited for.
    std::uint64_t wait_for_request() {
        const std::uint64_t before = place_.now_ns;
        run(1);
        return place_.now_ns - before;
    }

    SpoolPlace place_;
    OutboxSettings settings_ = settings_of(place_);
    std::unique_ptr<Spool> spool_;
    FakeReceiver receiver_;
    std::unique_ptr<Delivery> delivery_;
};

TEST_F(DeliveryTest, SendsAFullBatchAtOnceAndAnotherWhenItIsOld) {
    EXPECT_EQ(delivery_->step(), Delivery::kNever);
    commit(0, 25);
    EXPECT_TRUE(delivery_->is_batch_full());
    delivery_->step();
    delivery_->step();
    EXPECT_EQ(receiver_.sizes, (std::vector<std::size_t>{10, 10}));
    EXPECT_FALSE(delivery_->is_batch_full());
    EXPECT_EQ(delivery_->step(), place_.now_ns + kSecondNs);
    place_.now_ns += kSecondNs - 1;
    delivery_->step();
    EXPECT_EQ(receiver_.sizes.size(), 2u);
    place_.now_ns += 1;
    delivery_->step();
    EXPECT_EQ(receiver_.taken, range(0, 25));
    EXPECT_EQ(delivery_->step(), Delivery::kNever);
    const OutboxStats stats = delivery_->stats();
    EXPECT_EQ(stats.accepted, 25u);
    EXPECT_EQ(stats.written, 25u);
    EXPECT_EQ(stats.requests, 3u);
    EXPECT_EQ(stats.retries, 0u);
    EXPECT_EQ(stats.last_success_wall_ns, place_.now_ns);
    EXPECT_EQ(stats.last_error, "");
    expect_account(stats);
}

TEST_F(DeliveryTest, GoesByBytesToo) {
    settings_.batch_bytes = 90;
    begin();
    commit(0, 4);
    EXPECT_FALSE(delivery_->is_batch_full());
    commit(4, 5);
    EXPECT_TRUE(delivery_->is_batch_full());
    delivery_->step();
    EXPECT_EQ(receiver_.sizes, (std::vector<std::size_t>{4}));
}

TEST_F(DeliveryTest, WaitsLongerEachTimeForAReceiverThatIsDown) {
    receiver_.usual = {What::kRetry, 0, 0, "connection refused"};
    commit(0, 10);
    EXPECT_EQ(wait_for_request(), 0u);
    for (const std::uint64_t most : {1, 2, 4, 8, 16, 30, 30, 30}) {
        const std::uint64_t waited = wait_for_request();
        EXPECT_GE(waited, most * kSecondNs / 2);
        EXPECT_LE(waited, most * kSecondNs);
    }
    EXPECT_FALSE(delivery_->is_batch_full());  // nobody need wake it
    EXPECT_EQ(delivery_->stats().retries, 9u);
    EXPECT_EQ(delivery_->stats().last_error, "connection refused");
    EXPECT_EQ(delivery_->stats().pending_records, 10u);
    expect_account(delivery_->stats());
    receiver_.usual = {};
    commit(10, 30);
    run();
    EXPECT_EQ(receiver_.taken, range(0, 30));
    receiver_.usual = {What::kRetry, 0, 0, ""};
    commit(30, 40);
    EXPECT_EQ(wait_for_request(), 0u);
    EXPECT_LE(wait_for_request(), kSecondNs);  // from the beginning
    expect_account(delivery_->stats());
}

TEST_F(DeliveryTest, SendsVitalRecordsFirstAfterAnOutage) {
    receiver_.answers = {{What::kRetry, 0, 0, ""}};
    commit(0, 15);
    run(1);
    test::put(*spool_, Lane::kVital, 100);
    ASSERT_TRUE(spool_->commit());
    run();
    EXPECT_EQ(receiver_.taken.at(0), 100u);
    EXPECT_EQ(receiver_.taken.size(), 16u);
}

TEST_F(DeliveryTest, HonoursRetryAfterWithinReason) {
    receiver_.answers = {{What::kRetry, 0, 100 * kSecondNs, ""}, {What::kRetry, 0, UINT64_MAX, ""}};
    commit(0, 10);
    run(1);
    EXPECT_EQ(wait_for_request(), 100 * kSecondNs);
    EXPECT_EQ(wait_for_request(), Delivery::kRetryAfterMostNs);
    EXPECT_EQ(receiver_.taken, range(0, 10));
}

TEST_F(DeliveryTest, CountsWhatIsRejectedAndRefused) {
    receiver_.answers = {
        {What::kTaken, 3, 0, "bad time"}, {What::kRefused, 0, 0, "HTTP 400"}, {What::kTaken, 99, 0, ""}};
    commit(0, 35);
    run();
    const OutboxStats stats = delivery_->stats();
    EXPECT_EQ(stats.rejected, 3u + 10);
    EXPECT_EQ(stats.failed, 10u);
    EXPECT_EQ(stats.written, 7u + 5);
    EXPECT_EQ(stats.last_error, "HTTP 400");
    EXPECT_EQ(stats.pending_records, 0u);
    expect_account(stats);
}

TEST_F(DeliveryTest, DeclaresWhatIsRejectedAndRefused) {
    receiver_.answers = {{What::kTaken, 3, 0, ""}, {What::kRefused, 0, 0, ""}, {What::kTaken, 10, 0, ""}};
    commit(0, 9);
    test::put(*spool_, Lane::kRest, 9, 20, test::kOtherKind);
    commit(10, 40);
    run();
    const auto declared = delivery_->take_losses();
    ASSERT_EQ(declared.size(), 3u);
    EXPECT_EQ(declared[0].kind, 0) << "which ones is not known";
    EXPECT_EQ(declared[0].count, 3u);
    EXPECT_EQ(declared[0].since_ns, 0u);
    EXPECT_EQ(declared[0].until_ns, 9u);
    EXPECT_EQ(declared[0].why, "rejected");
    EXPECT_EQ(declared[1].kind, test::kOneKind);
    EXPECT_EQ(declared[1].count, 10u);
    EXPECT_EQ(declared[1].why, "refused");
    EXPECT_EQ(declared[2].kind, test::kOneKind);
    EXPECT_EQ(declared[2].count, 10u);
    EXPECT_EQ(declared[2].why, "rejected");
    EXPECT_TRUE(delivery_->take_losses().empty());
}

TEST_F(DeliveryTest, ARejectedDeclarationIsNotDeclared) {
    receiver_.usual = {What::kTaken, 1, 0, ""};
    for (std::uint64_t n = 0; n < 10; ++n) test::put(*spool_, Lane::kVital, n, 20, REC_SENSOR_LOSS);
    ASSERT_TRUE(spool_->commit());
    run();
    EXPECT_EQ(delivery_->stats().rejected, 1u);
    EXPECT_TRUE(delivery_->take_losses().empty());
}

TEST_F(DeliveryTest, SplitsWhatIsTooLargeDownToOne) {
    receiver_.records_max = 3;
    expect_halved_until_taken();
    EXPECT_EQ(delivery_->stats().failed, 0u);
    receiver_.records_max = 0;
    commit(20, 22);
    run();
    EXPECT_EQ(delivery_->stats().failed, 2u);
    receiver_.records_max = SIZE_MAX;
    commit(22, 122);
    run();
    EXPECT_EQ(receiver_.taken.size(), 120u);
    EXPECT_GT(std::ranges::count(receiver_.sizes, 10u), 2);  // large again
    expect_account(delivery_->stats());
}

TEST_F(DeliveryTest, SendsFewerAtATimeToAReceiverThatIsSlow) {
    receiver_.in_time_max = 3;
    expect_halved_until_taken();
    EXPECT_EQ(delivery_->stats().failed + delivery_->stats().dropped, 0u);
    receiver_.in_time_max = SIZE_MAX;
    commit(20, 120);
    run();
    EXPECT_EQ(receiver_.taken.size(), 120u);
    EXPECT_GT(std::ranges::count(receiver_.sizes, 10u), 2);  // quick again
    expect_account(delivery_->stats());
}

TEST_F(DeliveryTest, CountsWhatTheSpoolLoses) {
    receiver_.usual = {What::kRetry, 0, 0, "down"};
    spool_ = nullptr;
    spool_ = place_.open({4000, 0, 0});
    begin();
    for (std::uint64_t n = 0; n < 100; n += 10) {
        commit(n, n + 10);
        run(1);
    }
    EXPECT_GT(delivery_->stats().dropped, 10u);
    expect_account(delivery_->stats());
    receiver_.usual = {};
    run();
    EXPECT_EQ(receiver_.taken.back(), 99u);
    EXPECT_EQ(receiver_.taken.size() + delivery_->stats().dropped, 100u);
    expect_account(delivery_->stats());
}

// ---- with its thread --------------------------------------------------------------------------------------

class OutboxTest : public testing::Test {
protected:
    std::unique_ptr<Outbox> open() {
        auto receiver = std::make_unique<FakeReceiver>();
        receiver_ = receiver.get();
        receiver_->usual = usual_;
        auto outbox = Outbox::open(std::move(receiver), settings_, clock_);
        EXPECT_TRUE(outbox) << outbox.error().message;
        return std::move(*outbox);
    }
    static void commit(Outbox& outbox, std::uint64_t from, std::uint64_t to) {
        for (; from < to; ++from)
            ASSERT_TRUE(outbox.append(Lane::kRest, {std::to_string(from) + ":", 1, from + 1}));
        ASSERT_TRUE(outbox.commit());
    }

    SpoolPlace place_;
    OutboxSettings settings_ = settings_of(place_);
    OutboxClock clock_;
    Outcome usual_;
    FakeReceiver* receiver_ = nullptr;  // the outbox's
};

TEST_F(OutboxTest, SendsWhileItIsWrittenTo) {
    const auto outbox = open();
    for (std::uint64_t n = 0; n < 500; n += 5) commit(*outbox, n, n + 5);
    receiver_->wait_for_taken(500);
    outbox->stop(kSecondNs);
    EXPECT_EQ(receiver_->taken, range(0, 500));
    EXPECT_EQ(outbox->stats().written, 500u);
    expect_account(outbox->stats());
}

TEST_F(OutboxTest, IsWokenWhenNothingWasPending) {
    settings_.batch_age_ns = 0;
    const auto outbox = open();
    for (std::uint64_t n = 0; n < 50; ++n) {
        commit(*outbox, n, n + 1);
        receiver_->wait_for_taken(n + 1);
    }
}

TEST_F(OutboxTest, SendsTheRestWhenItIsStopped) {
    settings_.batch_age_ns = 3600 * kSecondNs;
    const auto outbox = open();
    commit(*outbox, 0, 3);
    ASSERT_TRUE(outbox->append(Lane::kVital, {"9:", 1, 1}));  // commits
    outbox->stop(60 * kSecondNs);
    EXPECT_EQ(receiver_->taken, (Numbers{9, 0, 1, 2}));
    EXPECT_EQ(outbox->stats().pending_records, 0u);
    EXPECT_EQ(outbox->stats().oldest_pending_wall_ns, 0u);
}

TEST_F(OutboxTest, LeavesTheRestToTheNextStart) {
    usual_ = {What::kRetry, 0, 0, "down"};
    {
        const auto outbox = open();
        commit(*outbox, 0, 25);
        receiver_->wait_for_requests(1);
        outbox->stop(1);
        EXPECT_EQ(outbox->stats().pending_records, 25u);
        EXPECT_EQ(outbox->stats().last_error, "down");
        expect_account(outbox->stats());
    }
    usual_ = {};
    const auto outbox = open();
    EXPECT_EQ(outbox->stats().found, 25u);
    receiver_->wait_for_taken(20);
    commit(*outbox, 25, 30);
    outbox->stop(60 * kSecondNs);
    EXPECT_EQ(receiver_->taken, range(0, 30));
    EXPECT_EQ(outbox->stats().written, 30u);
    expect_account(outbox->stats());
}

// By a clock that goes on when somebody waits: hours pass in no time.
TEST_F(OutboxTest, GivesUpAtTheDeadline) {
    std::atomic<std::uint64_t> now = 1;
    clock_.now_ns = [&] { return now.load(); };
    clock_.wait = [&](std::unique_lock<std::mutex>& lock, std::condition_variable& wake, std::uint64_t ns) {
        if (ns >= 3600 * kSecondNs) return wake.wait(lock);  // idle
        now += ns;
    };
    usual_ = {What::kRetry, 0, 0, "down"};
    const auto outbox = open();
    commit(*outbox, 0, 10);
    receiver_->wait_for_requests(20);
    EXPECT_GT(now.load(), 300 * kSecondNs);
    const std::uint64_t asked = now.load();
    outbox->stop(100 * kSecondNs);
    EXPECT_GE(now.load(), asked + 100 * kSecondNs);
    EXPECT_EQ(outbox->stats().pending_records, 10u);
    expect_account(outbox->stats());
}

/// Answers when it is told to end, and not before.
class HangingReceiver : public Receiver {
public:
    Outcome deliver(std::span<const SpoolRecord>) override {
        std::unique_lock lock(mutex_);
        is_asked_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return is_cancelled_; });
        return {What::kRetry, 0, 0, "cancelled"};
    }
    void cancel() override {
        const std::lock_guard lock(mutex_);
        is_cancelled_ = true;
        changed_.notify_all();
    }
    void wait_until_asked() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_asked_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_asked_ = false, is_cancelled_ = false;
};

TEST_F(OutboxTest, AReceiverThatHangsKeepsItFromNoEnd) {
    auto receiver = std::make_unique<HangingReceiver>();
    HangingReceiver& far = *receiver;
    const auto outbox = Outbox::open(std::move(receiver), settings_, clock_);
    ASSERT_TRUE(outbox) << outbox.error().message;
    commit(**outbox, 0, 10);
    far.wait_until_asked();
    (*outbox)->stop(1);
    EXPECT_EQ((*outbox)->stats().pending_records, 10u);
    expect_account((*outbox)->stats());
}

}  // namespace
}  // namespace whodid
