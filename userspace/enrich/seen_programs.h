// SPDX-License-Identifier: Apache-2.0
// SeenPrograms: which programs were seen to run before, for as long as its memory reaches.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/table_size.h"

namespace whodid {

class SeenPrograms {
public:
    static constexpr std::size_t kMax = 65536;  // beyond it, what was not run for longest is forgotten

    /// Remembers this run only.
    SeenPrograms() = default;
    /// What an earlier run saved to that file; nothing yet where there is none. An Error when it is there and
    /// cannot be read, or is something else.
    static Result<SeenPrograms> load(const std::string& path);

    /// True the first time.
    bool note(const Id128& program);

    /// Where it is to be saved; empty: nowhere.
    const std::string& path() const { return path_; }
    /// What is to be saved, the last run first; empty when nothing ran since the last call.
    std::string changed_text();

    std::size_t size() const { return places_.size(); }
    TableSize table_size() const { return {"seen_programs", places_.size(), kMax, evicted_}; }

private:
    struct Hash {
        std::size_t operator()(const Id128& id) const { return id.low; }
    };

    std::string path_;
    std::list<Id128> order_;  // the last run first
    std::unordered_map<Id128, std::list<Id128>::iterator, Hash> places_;
    bool changed_ = false;
    std::uint64_t evicted_ = 0;
};

/// The text of such a file: a line that says what it is, then one of 32 hexadecimal digits for each.
Result<std::vector<Id128>> parse_seen(std::string_view text);
std::string format_seen(const std::list<Id128>& programs);

/// Puts the text in the file's place, whole or not at all; mode 0600.
Result<void> save_seen(const std::string& path, std::string_view text);

}  // namespace whodid
