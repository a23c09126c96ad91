// SPDX-License-Identifier: Apache-2.0
// The operator's log: standard error, one line each. Events never go there.
#pragma once

namespace whodid {

enum class LogLevel { kError, kWarn, kInfo, kDebug };

/// Once: what is as bad as that, and worse. Where standard error is the journal's ($JOURNAL_STREAM) a line
/// begins with its priority, "<4>", in place of the program's name and the level.
void start_log(LogLevel level);
/// From now on.
void set_log_level(LogLevel level);

}  // namespace whodid
