// SPDX-License-Identifier: Apache-2.0
// The journal of erasures: which records were erased, and which files retention has removed, each entry
// chained to the one before and signed. The next footer names how far it was.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sink/event_file_name.h"
#include "sink/seal.h"

namespace whodid {

struct JournalEntry {
    enum What : std::uint64_t { kRecordErased = 1, kFileRemoved = 2 };

    std::uint64_t what = 0;
    std::array<char, 16> series{};  // its name, then zeros
    std::uint64_t sequence = 0;     // of the file
    std::uint64_t line = 0;         // from 1; 0 for a file
    std::uint64_t bytes = 0;        // of the line without its newline; 0 for a file
    std::uint64_t time_ns = 0;      // wall clock
    std::uint64_t key_index = 0;
    KeyLineage lineage{};
    Digest digest{};    // of the record; seal_of the file's footer
    Digest previous{};  // seal_of the entry before; zeros: there was none
    Digest mac{};       // HMAC-SHA256(key, "whodid erasure" || all before)

    std::string_view covered() const { return bytes_of(*this).substr(0, sizeof *this - sizeof mac); }
};
static_assert(sizeof(JournalEntry) == 176);

std::array<char, 16> series_bytes(std::string_view series);

/// How far a journal is.
struct JournalHead {
    std::uint64_t entries = 0;
    Digest seal{};
};

/// The journal of a directory, as it is now: none is empty. EBADMSG: it is no journal.
Result<std::vector<JournalEntry>> read_journal(const std::string& directory);
Result<JournalHead> read_journal_head(const std::string& directory);

/// Adds an entry, durable when this returns: time, key, chain and MAC are put in. Several processes may.
Result<void> append_journal(const std::string& directory, JournalEntry entry, const SealKey& key,
                            std::uint64_t now_ns);

/// Erases a line of a closed, sealed file, plain or compressed: in its place stands a tombstone, its salt is
/// gone, and the journal says so. What was begun is finished when it is called again. The bytes of the line;
/// 0: it had been erased. EBUSY: the file is not sealed yet. EPERM: it is under legal hold. EINVAL: it has no
/// such line. A daemon that would compress or remove the file meanwhile waits.
Result<std::uint64_t> erase_record(const std::string& data_path, std::uint64_t line, const SealKey& key,
                                   std::uint64_t now_ns);

}  // namespace whodid
