// SPDX-License-Identifier: Apache-2.0
// What programs inside the stage said to /dev/log.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stage_process.h"

namespace whodid::live {

struct SyslogLine {
    std::string text;  ///< as sent, "<38>Jan  1 00:00:00 sshd[7]: ..."
    pid_t pid;         ///< the sender, as the kernel knows it
    uint32_t uid;      ///< the sender's real user: the caller's in sudo and su
};

/// Reads a bound datagram socket in a thread of its own: senders would block at net.unix.max_dgram_qlen.
class SyslogReader {
public:
    explicit SyslogReader(Fd socket);
    ~SyslogReader();

    std::vector<SyslogLine> lines() const;
    /// The first line, from the `from`th on, that contains `text`.
    Result<SyslogLine> wait_for(const std::string& text, milliseconds limit = milliseconds(10'000),
                                size_t from = 0) const;

private:
    void read_until_stopped();
    bool read_line();

    Fd socket_, stop_;
    mutable std::mutex mutex_;
    mutable std::condition_variable arrived_;
    std::vector<SyslogLine> lines_;
    std::thread thread_;
};

}  // namespace whodid::live
