// SPDX-License-Identifier: Apache-2.0
// whodid filter explain: how an expression is understood, and where each part of it runs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace whodid {

/// The expression in one spelling, and as a tree: each term with the type of its field and its place.
Result<std::string> explain_filter(std::string_view expression);

/// The same as a command; tells the exit code.
int filter_explain(const std::string& expression);

}  // namespace whodid
