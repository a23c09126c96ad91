// SPDX-License-Identifier: Apache-2.0
// Filter: what a sink was told to keep. Conditions on fields of the one table, and trace's defaults.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/kinds.h"

namespace whodid {

/// One condition: the field's text equals one of the values, or matches a glob among them.
struct Condition {
    std::vector<std::string> keys;   // dotted; any of them may match
    std::vector<std::string> globs;  // fnmatch(3), '*' also matches '/'
};

struct FilterOptions {
    std::vector<std::string> kinds;  // names, or the part before the dot for all of them ("file")
    std::vector<Condition> conditions;
    bool failed_only = false;
    bool everything = false;     // no defaults
    std::uint32_t tree_pid = 0;  // 0: not asked for
};

class Filter {
public:
    /// Whether a process descends from a pid.
    using Descends = std::function<bool(const Process&, std::uint32_t)>;

    /// Errors name the kind or field that does not exist, and the nearest that does.
    static Result<Filter> compile(const FilterOptions& options, Descends descends);

    bool keeps(const Event& event);

private:
    bool wants_kind(const Event& event) const;
    bool matches(const Condition& condition, const Event& event);

    FilterOptions options_;
    std::vector<bool> kinds_;  // by kind number; empty: the defaults
    Descends descends_;
    Scratch scratch_;
};

/// What trace shows when no kind is named: logins, privilege, exec, changes, connect, accept, listen, denied
/// and failed acts (but not files that were not found), and opens of the built-in watch list.
bool shown_by_default(const Event& event);

/// Files whose reading is an event of its own: credentials, keys, sudoers.
bool is_watched_path(std::string_view path);

/// The name of `candidates` closest to `name` by edit distance; empty when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace whodid
