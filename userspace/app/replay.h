// SPDX-License-Identifier: Apache-2.0
// whodid replay: a recording, as if it happened now, on any machine and without root.
#pragma once

#include <string>

#include "app/options.h"

namespace whodid {

struct ReplayOptions {
    std::string path;  // "-": standard input
    std::string note;  // goes into the banner: why this is shown and not the machine itself
    ViewOptions view;
};

int replay(const ReplayOptions& options);

}  // namespace whodid
