// SPDX-License-Identifier: Apache-2.0
// What a run says at its end.
#include "app/footer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json_writer.h"
#include "event/kinds.h"

namespace whodid {

namespace {

constexpr LedgerColumn kColumns[] = {
    {"seen", [](const LedgerLine& l) { return std::uint64_t{l.kernel.seen}; }},
    {"gated", [](const LedgerLine& l) { return std::uint64_t{l.kernel.gated}; }},
    {"kernel_folded", [](const LedgerLine& l) { return std::uint64_t{l.kernel.folded}; }},
    {"ring_full", [](const LedgerLine& l) { return std::uint64_t{l.kernel.ring_full}; }},
    {"no_slot", [](const LedgerLine& l) { return std::uint64_t{l.kernel.no_slot}; }},
    {"emitted", [](const LedgerLine& l) { return std::uint64_t{l.kernel.emitted}; }},
    {"missed", [](const LedgerLine& l) { return l.missed; }},
    {"own", [](const LedgerLine& l) { return std::uint64_t{l.kernel.self}; }},
    {"closed", [](const LedgerLine& l) { return l.closed; }},
    {"received", [](const LedgerLine& l) { return l.received; }},
    {"made", [](const LedgerLine& l) { return l.made; }},
    {"died", [](const LedgerLine& l) { return l.died; }},
    {"malformed", [](const LedgerLine& l) { return l.malformed; }},
    {"consumed", [](const LedgerLine& l) { return l.consumed; }},
    {"folded", [](const LedgerLine& l) { return l.folded; }},
    {"delivered", [](const LedgerLine& l) { return l.delivered; }},
    {"filtered", [](const LedgerLine& l) { return l.filtered; }},
    {"summarized", [](const LedgerLine& l) { return l.summarized; }},
    {"retold", [](const LedgerLine& l) { return l.retold; }},
    {"shed", [](const LedgerLine& l) { return l.shed; }},
    {"written", [](const LedgerLine& l) { return l.written; }},
};

bool is_empty(const LedgerLine& line) {
    return std::ranges::all_of(kColumns, [&](const LedgerColumn& c) { return c.read(line) == 0; });
}

/// Calls f(name, number, line) for each kind that anything happened to.
template <class F>
void for_each_line(const Ledger& ledger, F f) {
    if (!is_empty(ledger[0])) f(std::string_view("unknown"), std::uint16_t{0}, ledger[0]);
    for (const Kind& kind : kinds())
        if (!is_empty(ledger[kind.id])) f(kind.name, kind.id, ledger[kind.id]);
}

void put_counters(JsonWriter& out, const LedgerLine& line) {
    for (const LedgerColumn& column : kColumns) {
        out.key(column.name);
        out.number(column.read(line));
    }
}

}  // namespace

std::span<const LedgerColumn> ledger_columns() { return kColumns; }

std::string list_counts(NamedCounts counts) {
    constexpr std::size_t kNamed = 5;
    std::ranges::stable_sort(counts, [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string out;
    std::uint64_t others = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto& [count, name] = counts[i];
        if (i < kNamed || counts.size() == kNamed + 1)
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, with_commas(count));
        else
            others += count;
    }
    if (others) out += fmt::format(", {} of {} other kinds", with_commas(others), counts.size() - kNamed);
    return out;
}

std::uint64_t lost(const LedgerLine& line) {
    return line.kernel.ring_full + line.kernel.no_slot + line.missed + line.malformed + line.died;
}

std::string footer(const Ledger& ledger, const Filter& filter, std::uint64_t shown) {
    NamedCounts back, gone;
    std::uint64_t left = 0;
    for_each_line(ledger, [&](std::string_view name, std::uint16_t id, const LedgerLine& line) {
        if (filter.kept_back(id)) back.emplace_back(filter.kept_back(id), name);
        if (is_gated_kind(id)) left += line.kernel.gated;
        if (lost(line)) gone.emplace_back(lost(line), name);
    });
    const LedgerLine sum = ledger.total();
    std::string out = fmt::format("{} event{} shown", with_commas(shown), shown == 1 ? "" : "s");
    const std::string how = filter.profile() ? fmt::format("by profile {}", profile_name(*filter.profile()))
                                             : "a kind by its name, all with -a";
    if (!back.empty()) out += fmt::format("; kept back: {} ({})", list_counts(back), how);
    out += '\n';
    if (filter.unmatched()) out += fmt::format("{} did not match; ", with_commas(filter.unmatched()));
    if (left) out += fmt::format("{} left in the kernel; ", with_commas(left));
    if (sum.shed) out += fmt::format("{} left out by the budget; ", with_commas(sum.shed));
    if (const std::uint64_t folded = sum.folded + sum.kernel.folded; folded)
        out += fmt::format("{} folded into others; ", with_commas(folded));
    if (sum.summarized) out += fmt::format("{} told in summaries; ", with_commas(sum.summarized));
    if (gone.empty())
        out += "0 lost\n";
    else
        out += fmt::format("LOST {}: {}{}\n", with_commas(lost(sum)), list_counts(gone),
                           sum.kernel.ring_full ? "; --ring-size 64M makes more room" : "");
    return out;
}

std::string ledger_text(const Ledger& ledger) {
    std::vector<LedgerColumn> used;
    const LedgerLine sum = ledger.total();
    std::ranges::copy_if(kColumns, std::back_inserter(used),
                         [&](const LedgerColumn& c) { return c.read(sum) != 0; });
    std::string out = fmt::format("{:<16}", "ledger");
    for (const LedgerColumn& column : used) out += fmt::format(" {:>9}", column.name);
    out += '\n';
    const auto row = [&](std::string_view name, const LedgerLine& line) {
        out += fmt::format("{:<16}", name);
        for (const LedgerColumn& column : used)
            out += fmt::format(" {:>{}}", column.read(line), std::max<std::size_t>(9, column.name.size()));
        out += '\n';
    };
    for_each_line(ledger,
                  [&](std::string_view name, std::uint16_t, const LedgerLine& line) { row(name, line); });
    row("total", sum);
    for (const std::string& imbalance : ledger.imbalances())
        out += fmt::format("ledger does not balance: {}\n", imbalance);
    return out;
}

std::string ledger_json(const Ledger& ledger, const Filter& filter, std::uint64_t shown) {
    const LedgerLine sum = ledger.total();
    const std::vector<std::string> imbalances = ledger.imbalances();
    std::string json;
    JsonWriter out(json);
    out.begin();
    out.key("ledger");
    out.begin();
    out.key("version");
    out.number(1);
    out.key("balanced");
    out.boolean(imbalances.empty());
    out.key("imbalances");
    out.raw("[");
    for (std::size_t i = 0; i < imbalances.size(); ++i) {
        if (i) out.raw(",");
        out.text(imbalances[i]);
    }
    out.raw("]");
    out.key("shown");
    out.number(shown);
    out.key("unmatched");
    out.number(filter.unmatched());
    out.key("lost");
    out.number(lost(sum));
    out.key("kinds");
    out.begin();
    for_each_line(ledger, [&](std::string_view name, std::uint16_t id, const LedgerLine& line) {
        out.key(name);
        out.begin();
        put_counters(out, line);
        out.key("kept_back");
        out.number(filter.kept_back(id));
        out.end();
    });
    out.end();
    out.key("total");
    out.begin();
    put_counters(out, sum);
    out.end();
    out.end();
    out.end();
    return json;
}

}  // namespace whodid
