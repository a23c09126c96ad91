// SPDX-License-Identifier: Apache-2.0
// Somebody at a terminal: waits for text to show, types lines.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stage_process.h"

namespace whodid::live {

/// An interactive program on a terminal of its own. What is typed is echoed as on any terminal, so `expect`
/// sees it too, passwords excepted. The destructor hangs up, and kills the program if that does not end it.
class PtySession {
public:
    static Result<std::unique_ptr<PtySession>> start(const World& world, const std::vector<std::string>& argv,
                                                     const RunOptions& options);
    ~PtySession();

    /// Waits for `text` in what was not yet consumed; consumes and returns all up to its end.
    Result<std::string> expect(const std::string& text, milliseconds limit = milliseconds(30'000));
    /// Types the line and Enter.
    Result<void> send(const std::string& line);
    /// Sends and expects.
    Result<std::string> ask(const std::string& line, const std::string& text,
                            milliseconds limit = milliseconds(30'000));
    /// Waits for the program's end and returns its wait status.
    Result<int> wait(milliseconds limit = milliseconds(30'000));

    pid_t pid() const { return child_.pid(); }
    const std::string& transcript() const { return transcript_; }

private:
    explicit PtySession(Child child) : child_(std::move(child)) {}

    Child child_;
    std::string transcript_;
    size_t consumed_ = 0;
};

}  // namespace whodid::live
