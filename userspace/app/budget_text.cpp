// SPDX-License-Identifier: Apache-2.0
// What is said of a budget.
#include "app/budget_text.h"

#include <fmt/format.h>

#include <numeric>
#include <string_view>

#include "app/footer.h"
#include "event/kinds.h"

namespace whodid {

namespace {

/// As it is typed, powers of 1000.
std::string bytes_text(double bytes) {
    if (bytes >= 1e9) return fmt::format("{:.3g} GB/day", bytes / 1e9);
    if (bytes >= 1e6) return fmt::format("{:.3g} MB/day", bytes / 1e6);
    if (bytes >= 1e3) return fmt::format("{:.3g} KB/day", bytes / 1e3);
    return fmt::format("{:.3g} B/day", bytes);
}

std::string amount_text(BudgetLimit limit, double amount) {
    switch (limit) {
        case BudgetLimit::kEvents:
            return fmt::format("{} events/s",
                               amount < 1000 ? fmt::format("{:.3g}", amount) : fmt::format("{:.0f}", amount));
        case BudgetLimit::kBytes:
            return bytes_text(amount);
        case BudgetLimit::kCpu:
            return fmt::format("{:.3g}% of a core", amount);
    }
    return {};
}

void append_limit(std::string& to, BudgetLimit limit, double amount) {
    if (amount > 0) to += fmt::format("{}{}", to.empty() ? "" : ", ", amount_text(limit, amount));
}

std::string names_of_steps(BudgetStep last) {
    constexpr std::string_view kSteps[] = {
        "reads of files", "forks, exits, ends of connections and names asked for",
        "changes of files that are not watched", "connections", "programs that nobody typed"};
    std::string out;
    for (std::size_t i = 0; i < static_cast<std::size_t>(last); ++i)
        out += fmt::format("{}{}", i == 0 ? "" : "; ", kSteps[i]);
    return out;
}

std::string counts_text(const BudgetReport& report) {
    NamedCounts counts;
    for (const Kind& kind : kinds())
        if (report.left_out[kind.id]) counts.emplace_back(report.left_out[kind.id], kind.name);
    return list_counts(std::move(counts));
}

}  // namespace

std::string describe(const BudgetLimits& limits) {
    std::string out;
    append_limit(out, BudgetLimit::kEvents, limits.events_per_s);
    append_limit(out, BudgetLimit::kBytes, limits.bytes_per_day);
    append_limit(out, BudgetLimit::kCpu, limits.cpu_percent);
    return out;
}

std::uint64_t left_out(const BudgetReport& report) {
    return std::accumulate(report.left_out.begin(), report.left_out.end(), std::uint64_t{0});
}

std::string describe(const BudgetReport& report) {
    std::string out =
        fmt::format("budget: {}, at most {}; step {} of {}", amount_text(report.limit, report.measured),
                    amount_text(report.limit, report.allowed), static_cast<int>(report.now), kBudgetSteps);
    if (report.before != report.now) out += fmt::format(", was {}", static_cast<int>(report.before));
    if (left_out(report) != 0) out += "; were left out: " + counts_text(report);
    if (report.before == report.now) return out;
    out += "; from here on ";
    return out + (report.now == BudgetStep::kNothing ? "nothing is left out"
                                                     : "left out: " + names_of_steps(report.now));
}

}  // namespace whodid
