// SPDX-License-Identifier: Apache-2.0
// C-style escapes turned back into bytes, as sshd's log (vis(3)) and logind's files hold them.
#pragma once

#include <string>
#include <string_view>

namespace whodid {

/// \n \t \r \a \b \f \v, \s for a blank (vis), \303 with three octal digits up to 377, \x41 with two
/// hexadecimal ones. Any other escaped character stands for itself (\\ \" \$); a lone backslash at the end
/// stays. Never longer than `text`, and may hold any byte.
std::string c_unescape(std::string_view text);

}  // namespace whodid
