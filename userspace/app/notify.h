// SPDX-License-Identifier: Apache-2.0
// ServiceNotices: tells the service manager how the service fares, as sd_notify(3) does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace whodid {

class ServiceNotices {
public:
    static constexpr std::size_t kStatusBytesMax = 512;

    /// As $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID say; without the first, nothing is ever told.
    /// Errors: an address that is none.
    static Result<ServiceNotices> from_environment();
    /// `address`: "/path" or "@name" (abstract); empty: nobody to tell. `watchdog_ns` 0: no watchdog.
    static Result<ServiceNotices> to(const std::string& address, std::uint64_t watchdog_ns);

    // Errors: nobody is there to take it, or too much waits for it. None of them is worth more than a
    // warning.
    Result<void> ready();
    /// Until the next ready().
    Result<void> reloading();
    Result<void> stopping();
    /// One line for `systemctl status`: control characters become blanks, what is too long is cut.
    Result<void> status(std::string_view text);
    /// To be called more often than watchdog_ns().
    Result<void> alive();

    /// 0: nobody waits for alive().
    std::uint64_t watchdog_ns() const { return watchdog_ns_; }

private:
    Result<void> tell(std::string_view message) const;

    Fd socket_;  // connected; not valid: nobody to tell
    std::uint64_t watchdog_ns_ = 0;
};

/// Whether descriptor `fd` is the journal's, as `journal_stream` ("DEVICE:INODE", systemd.exec(5)) says.
bool is_journal(std::string_view journal_stream, int fd);

}  // namespace whodid
