// SPDX-License-Identifier: Apache-2.0
// What the commands say themselves. fmt::print would throw where nobody reads any more.
#pragma once

#include <string_view>

namespace whodid {

/// Opens /dev/null where a standard stream is closed: else the next file opened would become it. Call first.
void ensure_standard_streams();

/// To standard error, whatever becomes of it.
void say(std::string_view text);

/// A page to standard output. Tells the exit code: a reader who has seen enough is no failure.
int print_page(std::string_view page);

}  // namespace whodid
