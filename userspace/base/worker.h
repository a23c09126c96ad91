// SPDX-License-Identifier: Apache-2.0
// Worker: answers questions that may take long on a thread of its own, so that who asks never waits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace whodid {

template <class Question, class Answer>
class Worker {
public:
    /// `answer` is called on the worker's thread, for one question after the other. At most `queue_max` wait.
    Worker(std::function<Answer(const Question&)> answer, std::size_t queue_max)
        : answer_(std::move(answer)), queue_max_(queue_max), thread_([this] { run(); }) {}
    ~Worker() { (void)stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// False: too many wait. It is forgotten, and may be asked again.
    bool ask(Question question) {
        {
            const std::lock_guard lock(mutex_);
            if (questions_.size() >= queue_max_) return false;
            questions_.push_back(std::move(question));
        }
        wake_.notify_one();
        return true;
    }
    /// Those that have come since the last call, in the order of their questions.
    std::vector<Answer> answers() {
        const std::lock_guard lock(mutex_);
        return std::exchange(answers_, {});
    }
    /// Waits for the question it is at; those that wait are forgotten. The answers that nobody had yet.
    std::vector<Answer> stop() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        wake_.notify_one();
        if (thread_.joinable()) thread_.join();
        return answers();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return stop_ || !questions_.empty(); });
            if (stop_) return;
            const Question question = std::move(questions_.front());
            questions_.pop_front();
            lock.unlock();
            Answer found = answer_(question);
            lock.lock();
            answers_.push_back(std::move(found));
        }
    }

    std::function<Answer(const Question&)> answer_;
    std::size_t queue_max_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Question> questions_;
    std::vector<Answer> answers_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace whodid
