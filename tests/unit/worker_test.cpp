// SPDX-License-Identifier: Apache-2.0
// Questions that are answered elsewhere.
#include "base/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace whodid {
namespace {

using IntWorker = Worker<int, int>;

std::vector<int> wait_for(IntWorker& worker, std::size_t count) {
    std::vector<int> all;
    for (int tries = 0; all.size() < count && tries < 1000; ++tries) {
        for (const int answer : worker.answers()) all.push_back(answer);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return all;
}

TEST(Worker, AnswersInOrder) {
    IntWorker worker([](const int& n) { return n * n; }, 100);
    for (int n = 0; n < 20; ++n) EXPECT_TRUE(worker.ask(n));
    const auto answers = wait_for(worker, 20);
    ASSERT_EQ(answers.size(), 20u);
    for (int n = 0; n < 20; ++n) EXPECT_EQ(answers[static_cast<std::size_t>(n)], n * n);
    EXPECT_TRUE(worker.answers().empty());
}

TEST(Worker, StopsWithTheAnswersItHas) {
    std::promise<void> started;
    IntWorker worker(
        [&, first = true](const int& n) mutable {
            if (std::exchange(first, false)) started.set_value();
            return n;
        },
        2);
    EXPECT_TRUE(worker.ask(7));
    started.get_future().wait();
    EXPECT_EQ(worker.stop(), std::vector<int>{7});
    EXPECT_TRUE(worker.stop().empty());
}

TEST(Worker, ForgetsWhatDoesNotFitAndNeverBlocks) {
    std::promise<void> open, started;
    std::shared_future<void> gate = open.get_future().share();
    IntWorker worker(
        [&, first = true](const int& n) mutable {
            if (std::exchange(first, false)) started.set_value();
            gate.wait();
            return n;
        },
        2);
    EXPECT_TRUE(worker.ask(1));
    started.get_future().wait();  // it is at the first: two more may wait
    EXPECT_TRUE(worker.ask(2));
    EXPECT_TRUE(worker.ask(3));
    EXPECT_FALSE(worker.ask(4));
    open.set_value();
    EXPECT_EQ(wait_for(worker, 3), (std::vector<int>{1, 2, 3}));
}

TEST(Worker, EndsWithoutAnsweringWhatWaits) {
    std::atomic<int> answered = 0;
    {
        IntWorker worker([&](const int& n) { return ++answered, n; }, 100'000);
        for (int n = 0; n < 100'000; ++n) worker.ask(n);
    }
    EXPECT_LE(answered, 100'000);
}

}  // namespace
}  // namespace whodid
