// SPDX-License-Identifier: Apache-2.0
// Filter: what a sink was told to keep. Conditions on fields of the one table, and trace's defaults.
#pragma once

#include <whodid/limits.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"
#include "base/result.h"
#include "event/kinds.h"
#include "filter/expression.h"
#include "filter/gate.h"
#include "filter/key_reader.h"
#include "filter/profile.h"
#include "filter/resolve.h"
#include "filter/visibility.h"

namespace whodid {

/// One condition: a field's text equals one of the values, or matches a glob among them.
struct Condition {
    std::vector<std::string> keys;   // dotted; any of them may match
    std::vector<std::string> globs;  // base/glob.h: '*' also matches '/'
};

/// A process by number and start, as /proc/PID/stat tells both: a number alone is used again.
struct ProcessStart {
    std::uint32_t pid = 0;
    std::uint64_t start_ticks = 0;  // of sysconf(_SC_CLK_TCK) a second, since boot
};

struct FilterOptions {
    /// Names, their last part ("exec"), or the part before the dot for all of them ("file"). Empty: the
    /// defaults (filter/visibility.h).
    std::vector<std::string> kinds;
    /// Login users by name or uid, or globs; "-" is nobody. A failed login counts under the name it claimed.
    std::vector<std::string> users;
    std::vector<Condition> conditions;  // all of them
    /// In the language of docs/filters.md; all of them. Who writes one has said what to show: no defaults.
    std::vector<std::string> expressions = {};
    bool failed_only = false;
    bool everything = false;             // no defaults
    std::optional<Profile> profile;      // of what is asked for, only what it keeps
    bool start_and_stop = true;          // the sensor's own start and stop, whatever else is asked for
    std::uint32_t tree_pid = 0;          // 0: not asked for
    std::vector<ProcessStart> left_out;  // whodid itself and what serves its terminal
};

class Filter {
public:
    /// Errors name the kind or field that does not exist, and the nearest that does; of an expression they
    /// show the place.
    static Result<Filter> compile(const FilterOptions& options, Lineage lineage);

    bool keeps(const Event& event);
    /// From the next event on.
    void use(Profile profile) { profile_.emplace(profile, lineage_); }
    /// What keeps back; none: the defaults, or nothing.
    std::optional<Profile> profile() const {
        return profile_ ? std::optional(profile_->profile()) : std::nullopt;
    }

    /// Of the program that an event which it keeps started: whether a person typed it, as the profile in use
    /// knows.
    bool is_typed(const Event& event) { return profile_ && profile_->is_typed(event); }

    /// What the kernel side may leave out, for nothing of it would be kept. Of the profile in use, and of
    /// what the budget leaves out at this step.
    rec_gate gate(BudgetStep budget = BudgetStep::kNothing) const;

    /// Events of a kind kept back because nobody asked for them: naming the kind or -a shows them.
    std::uint64_t kept_back(std::uint16_t kind) const { return kept_back_[kind]; }
    /// Events that did not meet the conditions.
    std::uint64_t unmatched() const { return unmatched_; }

private:
    bool is_left_out(const Event& event) const;
    bool is_asked_for() const;
    bool is_wanted(const Event& event);
    bool meets_conditions(const Event& event);
    /// What a text may be: exactly, or by pattern.
    class Names {
    public:
        Names() = default;
        explicit Names(const std::vector<std::string>& patterns);
        bool has(std::string_view text) const;
        bool has_exactly(std::string_view text) const;

    private:
        struct Name {
            std::string text;
            Glob glob;
        };
        std::vector<Name> names_;
    };
    /// A Condition, ready.
    struct Clause {
        std::vector<KeyReader> readers;
        Names names;
    };
    bool is_named(std::uint16_t kind) const { return !kinds_.empty() && kinds_[kind]; }
    bool is_by_user(const Event& event);
    bool meets(const Clause& clause, const Event& event);

    FilterOptions options_;
    Names users_;
    std::vector<Clause> clauses_;
    std::vector<Expression> expressions_;
    std::vector<bool> kinds_;  // by kind number; empty: the defaults
    bool names_path_ = false;  // who asks for a path means its reading too
    Lineage lineage_;
    std::optional<ProfileRules> profile_;
    Scratch scratch_;
    std::array<std::uint64_t, WHODID_KIND_MAX> kept_back_{};
    std::uint64_t unmatched_ = 0;
};

}  // namespace whodid
