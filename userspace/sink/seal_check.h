// SPDX-License-Identifier: Apache-2.0
// Whether event files are what was sealed, or where the first of them is not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sink/seal.h"

namespace whodid {

struct SealFault {
    std::string file;
    std::uint64_t line = 0;    // from 1; 0: it is no line's
    std::uint64_t offset = 0;  // in the file, decompressed
    std::string what;
};

struct CheckedSeries {
    std::string directory, series;
    std::uint64_t files = 0, records = 0;
    std::uint64_t erased = 0;                    // lawfully: the journal says so
    std::uint64_t unfinished = 0;                // the journal says so, and they are still there
    std::uint64_t removed = 0;                   // files, by retention
    std::uint64_t unsealed = 0;                  // records of a file that is still written to
    std::uint64_t seals = 0, seals_checked = 0;  // footers, and those whose MAC a key proved
    std::optional<SealFault> fault;              // the first
};

/// Event files and directories of them; of a directory every file that ever was must be there, or its removal
/// in the journal. EINVAL: a path is neither.
Result<std::vector<CheckedSeries>> check_seals(const std::vector<std::string>& paths,
                                               const std::optional<SealKey>& key);

}  // namespace whodid
