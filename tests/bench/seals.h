// SPDX-License-Identifier: Apache-2.0
// What it costs to seal event files, beside what openssl takes for SHA-256 of as many bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "effort.h"
#include "site.h"
#include "stats.h"

namespace whodid::bench {

struct SealRow {
    std::size_t line_bytes = 0;  // with its newline
    Pairs cpu;                   // CPU ns that a KiB of lines takes to a file, without and with the seal
};

struct Seals {
    std::string not_run;
    std::vector<double> openssl_ns;  // a KiB, of `openssl speed sha256` in blocks of 1 KiB
    std::vector<SealRow> rows;
};

Result<Seals> measure_seals(const Site& site, const Effort& effort);

}  // namespace whodid::bench
