// SPDX-License-Identifier: Apache-2.0
// The gate: what of a filter the kernel side can decide, so that acts which nobody keeps never leave it.
// ARCHITECTURE, "The gate".
#pragma once

#include <whodid/record.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/kinds.h"
#include "filter/budget.h"
#include "filter/expression.h"
#include "filter/profile.h"
#include "filter/term.h"

namespace whodid {

struct NumberRange {
    std::uint64_t low = 0, high = 0;  // both included
    bool operator==(const NumberRange&) const = default;
};

/// Of a number that the kernel knows of an act, in some ranges or not.
struct GateTest {
    rec_gate_fact fact = REC_FACT_LOGIN;
    std::vector<NumberRange> ranges;

    bool operator==(const GateTest&) const = default;
};

/// The test that a term is, in the kernel.
struct TermTest {
    GateTest test;
    bool decides = true;  // false: when it is not met the term is false, else userspace knows
};
/// None: userspace alone can tell.
std::optional<TermTest> test_of(const Term& term);

/// Where a term is decided: "kernel", "kernel, userspace" when a part of it is, "userspace".
std::string_view place_of(const Term& term);

/// What of a stream is asked for. An act is dropped when no event of it could be kept.
struct Demand {
    std::vector<bool> kinds;  // by number; empty: all
    bool failed_only = false;
    bool by_user = false;                        // of some login users alone
    bool by_nobody = false;                      // and of who never logged in
    std::vector<std::vector<std::string>> keys;  // of each list one field has to be there
    std::vector<const Expression*> filters;      // all of them
    /// What is kept back: what the profile does not keep; for kStandard what trace does not show by itself.
    Profile profile = Profile::kForensic;
    BudgetStep budget = BudgetStep::kNothing;
};
rec_gate make_gate(const Demand& demand);

/// Whether the gate may drop acts of this kind.
bool is_gated_kind(std::uint16_t kind);

/// One line for each kind that has a row: how much of it is left in the kernel.
std::string describe(const rec_gate& gate);

}  // namespace whodid
