// SPDX-License-Identifier: Apache-2.0
// Masks secrets in command lines and URLs, so that they never leave the process.
#pragma once

#include <string>
#include <vector>

namespace whodid {

/// Replaces every secret in `argv` by "****" and keeps what is not secret: user names, hosts, flags. argv[0]
/// is the program as typed. Sees through wrappers (sudo, env, ssh, docker exec, sh -c 'line', ...). Never
/// changes the number of arguments, grows none beyond four times its length, takes linear time; masking twice
/// changes nothing more. Returns true if anything was masked.
bool mask_args(std::vector<std::string>& argv);

/// The same for one flat line, as sudo logs it: words may be joined by blanks without quotes. Bytes that are
/// not secret stay as they are.
bool mask_command_line(std::string& line);

/// Masks user:password@ and token or signature query parameters of every URL in `text`.
bool mask_url(std::string& text);

}  // namespace whodid
