// SPDX-License-Identifier: Apache-2.0
#include "stage_pty.h"

#include <poll.h>

namespace whodid::live {

Result<std::unique_ptr<PtySession>> PtySession::start(const World& world,
                                                      const std::vector<std::string>& argv,
                                                      const RunOptions& options) {
    auto child = Child::start(world, argv, options, Stdio::kTerminal);
    if (!child) return child.error();
    return std::unique_ptr<PtySession>(new PtySession(std::move(*child)));
}

PtySession::~PtySession() {
    child_.hang_up();
    // Time for the shells behind ssh and sudo to say goodbye, which ends their sessions in the usual way.
    (void)child_.wait(milliseconds(2000)).ok();
}

Result<std::string> PtySession::expect(const std::string& text, milliseconds limit) {
    auto deadline = std::chrono::steady_clock::now() + patient(limit);
    for (bool open = true;;) {
        size_t at = transcript_.find(text, consumed_);
        if (at != std::string::npos) {
            std::string shown = transcript_.substr(consumed_, at + text.size() - consumed_);
            consumed_ = at + text.size();
            return shown;
        }
        auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        if (!open || left.count() <= 0)
            return Error{"\"" + text + "\" did not show on the terminal of " + child_.name() +
                             (open ? " in " + std::to_string(limit.count()) + " ms" : ", which ended") +
                             "; it shows: " + tail_of(transcript_.substr(consumed_)),
                         open ? ETIMEDOUT : EPIPE};
        pollfd shown{.fd = child_.terminal(), .events = POLLIN, .revents = 0};
        if (poll(&shown, 1, static_cast<int>(left.count())) > 0) open = read_available(shown.fd, transcript_);
    }
}

Result<void> PtySession::send(const std::string& line) { return type_line(child_.terminal(), line); }

Result<std::string> PtySession::ask(const std::string& line, const std::string& text, milliseconds limit) {
    if (auto sent = send(line); !sent) return sent.error();
    return expect(text, limit);
}

Result<int> PtySession::wait(milliseconds limit) {
    // A program blocks on a terminal nobody reads.
    auto deadline = std::chrono::steady_clock::now() + patient(limit);
    for (bool open = true; open;) {
        auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        pollfd sources[] = {{child_.terminal(), POLLIN, 0}, {child_.pidfd(), POLLIN, 0}};
        if (poll(sources, 2, static_cast<int>(left.count())) <= 0) continue;
        open = read_available(child_.terminal(), transcript_) && !sources[1].revents;
    }
    auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    return child_.wait(std::max(left, milliseconds(0)));
}

}  // namespace whodid::live
