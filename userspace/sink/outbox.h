// SPDX-License-Identifier: Apache-2.0
// Outbox: a spool, its receiver, and the thread that empties one into the other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "sink/delivery.h"
#include "sink/receiver.h"
#include "sink/settings.h"
#include "sink/spool.h"

namespace whodid {

struct OutboxClock {
    std::function<std::uint64_t()> now_ns = boot_now_ns, wall_ns = wall_now_ns;
    /// Until it is woken, or for so long at most, as condition_variable::wait_for; empty: that.
    std::function<void(std::unique_lock<std::mutex>&, std::condition_variable&, std::uint64_t ns)> wait;
};

class Outbox {
public:
    /// Errors are the spool's.
    static Result<std::unique_ptr<Outbox>> open(std::unique_ptr<Receiver> receiver,
                                                const OutboxSettings& settings, OutboxClock clock = {});
    /// Sends nothing more; what is left is there at the next start.
    ~Outbox();

    /// As the spool's, for one thread. Neither waits for the receiver.
    Result<void> append(Lane lane, const SpoolRecord& record);
    Result<void> commit();
    /// Of the spool, and what the receiver refused or rejected.
    std::vector<SpoolLoss> take_losses();
    const std::vector<std::string>& warnings() const { return spool_->warnings(); }

    /// Commits, sends what is left for so long at most, and ends the thread: a request that is under way then
    /// has another second. What is not sent, or not known to be taken, stays in the spool, on disk.
    void stop(std::uint64_t for_ns);

    /// From any thread.
    OutboxStats stats() const { return delivery_.stats(); }

private:
    Outbox(std::unique_ptr<Spool> spool, std::unique_ptr<Receiver> receiver, const OutboxSettings& settings,
           OutboxClock clock);
    void run();
    void send_until_stopped(std::unique_lock<std::mutex>& lock);
    bool is_stop_asked() const { return stop_at_ns_ != Delivery::kNever; }
    void wait_until(std::unique_lock<std::mutex>& lock, std::uint64_t at_ns);

    std::unique_ptr<Spool> spool_;
    std::unique_ptr<Receiver> receiver_;
    OutboxClock clock_;
    Delivery delivery_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_idle_ = false;                       // nothing was pending
    bool has_news_ = false, is_urgent_ = false;  // something was committed since; a whole batch
    std::uint64_t stop_at_ns_ = Delivery::kNever;
    std::condition_variable ended_;
    bool is_ended_ = false;
    std::thread thread_;
};

}  // namespace whodid
