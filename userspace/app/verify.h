// SPDX-License-Identifier: Apache-2.0
// whodid verify: whether event files are what was sealed.
#pragma once

#include <string>
#include <vector>

#include "sink/seal_check.h"

namespace whodid {

struct VerifyOptions {
    std::vector<std::string> paths;
    std::string key_path;  // empty: MACs are not checked
    bool json = false;
};

std::string verify_text(const std::vector<CheckedSeries>& reports, bool has_key);
std::string verify_json(const std::vector<CheckedSeries>& reports, bool has_key);

/// Prints what is intact and what is not. The exit code is kRuntimeError if anything is not.
int verify(const VerifyOptions& options);

}  // namespace whodid
