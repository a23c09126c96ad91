// SPDX-License-Identifier: Apache-2.0
// MetricsExporter: the sensor's own numbers by OTLP, every now and then, on a thread of its own. What the far
// end does not take is not kept: the next ones say the same and more.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metric.h"
#include "sink/receiver.h"

namespace whodid {

class MetricsExporter {
public:
    using Send = std::function<Outcome(const std::vector<Metric>&)>;

    /// `name` is the sink's, for the operator. `send` is called on the thread; `cancel` from another, to end
    /// it.
    MetricsExporter(
        std::string name, std::uint64_t every_ns, Send send, std::function<void()> cancel = [] {});
    /// Sends the last numbers if they are new and the far end took those before, in five seconds at most.
    ~MetricsExporter();
    MetricsExporter(const MetricsExporter&) = delete;
    MetricsExporter& operator=(const MetricsExporter&) = delete;

    /// What is sent next. Never waits for the far end.
    void publish(std::shared_ptr<const std::vector<Metric>> metrics);

private:
    void run();
    void send(const std::vector<Metric>& metrics);

    const std::string name_;
    const std::uint64_t every_ns_;
    const Send send_;
    const std::function<void()> cancel_;
    std::string last_error_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const std::vector<Metric>> latest_;  // null: none that was not sent
    bool is_over_ = false, is_ended_ = false;
    std::condition_variable ended_;
    std::thread thread_;
};

}  // namespace whodid
