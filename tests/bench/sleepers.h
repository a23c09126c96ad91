// SPDX-License-Identifier: Apache-2.0
// Sleepers: many processes that do nothing but live.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "site.h"

namespace whodid::bench {

class Sleepers {
public:
    /// Why this machine cannot have so many, or all of them.
    static Result<Sleepers> start(const Site& site, unsigned count);
    Sleepers(Sleepers&& other) noexcept = default;
    Sleepers& operator=(Sleepers&&) = delete;
    ~Sleepers();

private:
    Sleepers() = default;

    std::vector<pid_t> pids_;
};

}  // namespace whodid::bench
