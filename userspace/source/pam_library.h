// SPDX-License-Identifier: Apache-2.0
// Where libpam's functions are, for uprobes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace whodid {

/// The libpam that the dynamic linker gives this host's programs. Errors: there is none.
Result<std::string> find_pam_library();

/// Where in the file of a library that function begins. An Error names both.
Result<std::uint64_t> find_function(const std::string& library, const std::string& function);

}  // namespace whodid
