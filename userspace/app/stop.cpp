// SPDX-License-Identifier: Apache-2.0
// The end, asked for by signal.
#include "app/stop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace whodid {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t event_fd = -1, on_terminal = 0;

/// Only what a handler may call. From now on each of the signals kills.
void on_signal(int) {
    const int saved = errno;
    const std::uint64_t one = 1;
    (void)!::write(event_fd, &one, sizeof one);
    if (on_terminal) (void)!::write(STDERR_FILENO, "\r", 1);  // over the terminal's "^C"
    struct sigaction kill {};
    kill.sa_handler = SIG_DFL;
    for (const int s : kSignals) ::sigaction(s, &kill, nullptr);
    errno = saved;
}

void set_handlers(void (*handler)(int)) {
    for (const int s : kSignals) {
        struct sigaction before {};
        if (::sigaction(s, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
        struct sigaction action {};
        action.sa_handler = handler;
        ::sigaction(s, &action, nullptr);
    }
}

}  // namespace

StopSignals::StopSignals() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    event_fd = event_.get();
    on_terminal = ::isatty(STDERR_FILENO);
    set_handlers(on_signal);
    ::signal(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
    set_handlers(SIG_DFL);
    event_fd = -1;
}

}  // namespace whodid
