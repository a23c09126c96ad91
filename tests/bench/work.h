// SPDX-License-Identifier: Apache-2.0
// Work: what people run all day, on files of its own making.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "site.h"
#include "stopwatch.h"

namespace whodid::bench {

struct Work {
    std::string name;
    std::string missing;  // a program that it needs and this machine has not; empty: none
    std::vector<std::vector<std::string>> prepare;  // run before each time, not counted
    std::vector<std::string> run;                   // argv[0] is a path
    unsigned times = 1;                             // so that it takes long enough to be measured
};

/// Makes a C project, a tree and a repository below the site. `divisor`: so much smaller.
Result<std::vector<Work>> make_works(const Site& site, unsigned divisor);

/// Of one time. An Error when it fails.
Result<Cost> run_work(const Work& work);

}  // namespace whodid::bench
