// SPDX-License-Identifier: Apache-2.0
// whodid erase: takes records out of sealed event files, so that verify knows it for an erasure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace whodid {

struct EraseOptions {
    std::vector<std::string> places;  // FILE:LINE
    std::string key_path;
};

struct ErasePlace {
    std::string path;
    std::uint64_t line = 0;  // from 1
};

/// Error: it is no FILE:LINE.
Result<ErasePlace> parse_erase_place(std::string_view text);

/// Nothing is erased unless every place can be read. Says what was erased, and what was not and why: then the
/// exit code is kRuntimeError.
int erase(const EraseOptions& options);

}  // namespace whodid
