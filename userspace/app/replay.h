// SPDX-License-Identifier: Apache-2.0
// whodid replay: a recording, as if it happened now, on any machine and without root.
#pragma once

#include <span>
#include <string>

#include "app/options.h"
#include "app/pipeline.h"
#include "source/replay.h"

namespace whodid {

struct ReplayOptions {
    std::string path;  // "-": standard input
    std::string note;  // goes into the banner: why this is shown and not the machine itself
    ViewOptions view;
};

int replay(const ReplayOptions& options);

/// Carries a recording through pipelines that do not reorder, as fast as that goes. Errors: damage, after
/// everything before it came out; or a sink's.
Result<void> play(ReplaySource& source, std::span<Pipeline* const> pipelines);
Result<void> play(ReplaySource& source, Pipeline& pipeline);

}  // namespace whodid
