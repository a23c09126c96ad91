// SPDX-License-Identifier: Apache-2.0
// whodid check: what this kernel and these rights offer, found out by loading and attaching everything.
#pragma once

namespace whodid {

struct CheckOptions {
    bool json = false;
};

/// kOk, or kUnmet when something required is missing.
int check(const CheckOptions& options);

}  // namespace whodid
