// SPDX-License-Identifier: Apache-2.0
// Footer: what a run says at its end: how many events were shown, kept back, folded and lost.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ledger.h"
#include "filter/filter.h"

namespace whodid {

/// A column of the ledger, as docs/ledger.md names it.
struct LedgerColumn {
    std::string_view name;
    std::uint64_t (*read)(const LedgerLine&);
};
/// In the order of the line: kernel, ring, pump, sink.
std::span<const LedgerColumn> ledger_columns();

/// One or two lines for people.
std::string footer(const Ledger& ledger, const Filter& filter, std::uint64_t shown);

/// Every kind's way through the line as a table, and what does not balance.
std::string ledger_text(const Ledger& ledger);

/// The same as one line of JSON without a newline (docs/ledger.md): {"ledger":{…}}.
std::string ledger_json(const Ledger& ledger, const Filter& filter, std::uint64_t shown);

/// Events that were seen and are nowhere: no room in a ring, no scratch slot, a record that makes no sense, a
/// worker that died with it.
std::uint64_t lost(const LedgerLine& line);

using NamedCounts = std::vector<std::pair<std::uint64_t, std::string_view>>;

/// "file.open 12,345, process.fork 89, 12 of 3 other kinds": the most first, and short enough to read.
std::string list_counts(NamedCounts counts);

}  // namespace whodid
