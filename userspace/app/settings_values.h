// SPDX-License-Identifier: Apache-2.0
// Values of the configuration that options.h has no reader for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whodid {

Result<bool> parse_bool(std::string_view text);

/// "http://host", "https://[::1]:4318/path": without user, query and fragment.
Result<std::string> parse_url(std::string_view text);

/// "-", "unix:/path", "/path", "/path/".
Result<std::string> parse_output(std::string_view text);

/// "127.0.0.1:9464", "[::1]:9464", "unix:/path".
Result<std::string> parse_listen(std::string_view text);

/// An absolute path that a unix socket can have: at most 107 bytes (unix(7)).
Result<std::string> parse_socket_path(std::string_view text);

/// A header's name and value as RFC 9110 has them. The Error does not tell the value.
Result<void> check_named_header(std::string_view name, std::string_view value);

/// Whether a header of that name is there to let somebody in.
bool is_secret_header(std::string_view name);

/// A URL for people to see: "http://***@proxy:3128" for one with a password.
std::string without_password(std::string_view url);

}  // namespace whodid
