// SPDX-License-Identifier: Apache-2.0
// From filters to tests and tables.
#include "filter/gate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

#include "event/names.h"
#include "filter/lexer.h"
#include "filter/visibility.h"

namespace whodid {

namespace {

using Ranges = std::vector<NumberRange>;

constexpr std::uint64_t kHighest = ~std::uint64_t{0};

struct Row {
    rec_gate_row row;
    std::uint16_t kind;
    std::string_view what;
};
constexpr Row kRows[] = {
    {REC_GATE_OPEN, REC_FILE_OPEN, "file.open to read, not denied"},
    {REC_GATE_MAP, REC_FILE_MAP, "file.map"},
    {REC_GATE_CONNECT, REC_NETWORK_CONNECT, "network.connect of services, to other hosts"},
    {REC_GATE_ACCEPT, REC_NETWORK_ACCEPT, "network.accept of services, from other hosts"},
    {REC_GATE_SEND, REC_NETWORK_SEND, "network.send of services, to other hosts"},
    {REC_GATE_CLOSE, REC_NETWORK_CLOSE, "network.close of services, with other hosts"},
};

// ---- terms ------------------------------------------------------------------------------------------------

/// A field that is one of the kernel's numbers.
struct FactOf {
    std::string_view key;
    rec_gate_fact fact;
    std::uint64_t least, most;  // where the field is there
};
constexpr FactOf kFacts[] = {
    {"user.id", REC_FACT_LOGIN, 0, REC_UNSET - 1},
    {"process.user.id", REC_FACT_EUID, 0, REC_UNSET - 1},
    {"process.pid", REC_FACT_PID, 1, REC_UNSET},
    {"error.type", REC_FACT_ERROR, 1, kHighest},
    {"event.outcome", REC_FACT_ERROR, 0, kHighest},
    {"network.peer.port", REC_FACT_PEER_PORT, 1, 65535},
    {"network.local.port", REC_FACT_LOCAL_PORT, 1, 65535},
    {"network.peer.address", REC_FACT_PEER, 1, kHighest},
};
/// Fields that are there for who has logged in alone.
constexpr std::string_view kOfLogins[] = {"user.name"};

const FactOf* find_fact(std::string_view key) {
    const auto* found = std::ranges::find(kFacts, key, &FactOf::key);
    return found == std::end(kFacts) ? nullptr : found;
}

GateTest has_login() { return {REC_FACT_LOGIN, {{0, REC_UNSET - 1}}}; }

std::string_view without_quotes(std::string_view text) {
    return text.starts_with('"') ? text.substr(1, text.size() - 2) : text;
}

/// The number that is written so, and in no other way.
std::optional<std::uint64_t> id_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || std::to_string(number) != text)
        return std::nullopt;
    return number;
}

std::optional<int> errno_of(std::string_view name) {
    constexpr int kErrnoMax = 4095;
    for (int code = 1; code <= kErrnoMax; ++code)
        if (errno_name(code) == name) return code;
    return std::nullopt;
}

/// The addresses of a network as the kernel side numbers them. None: it looks at the first 8 bytes alone.
std::optional<NumberRange> range_of(const IpNetwork& network) {
    if (network.base.family == AF_INET) {
        std::uint32_t base = 0;
        std::memcpy(&base, network.base.bytes.data(), sizeof base);
        const std::uint64_t low = REC_PEER_V4 | ntohl(base);
        return NumberRange{low, low + ((std::uint64_t{1} << (32 - network.bits)) - 1)};
    }
    if (network.bits > 64) return std::nullopt;
    std::uint64_t low = 0;
    for (int i = 0; i < 8; ++i) low = low << 8 | network.base.bytes[static_cast<std::size_t>(i)];
    return NumberRange{low, network.bits == 0 ? kHighest : low | (kHighest >> 1 >> (network.bits - 1))};
}

/// What a value of the expression is for the kernel. None: more than it can tell. No ranges: nothing at all.
std::optional<Ranges> ranges_of(const FactOf& fact, std::string_view value) {
    value = without_quotes(value);
    if (fact.key == "event.outcome") {
        if (value == "success") return Ranges{{0, 0}};
        return value == "failure" ? Ranges{{1, kHighest}} : Ranges{};
    }
    if (fact.key == "error.type") {
        const auto code = errno_of(value);
        if (!code) return Ranges{};
        return Ranges{{static_cast<std::uint64_t>(*code), static_cast<std::uint64_t>(*code)}};
    }
    if (fact.fact == REC_FACT_PEER) {
        const auto address = parse_ip(value);
        const auto network = address ? Result(single_address(*address)) : parse_ip_network(value);
        if (!network) return Ranges{};  // a unix socket's path
        const auto range = range_of(*network);
        return range ? std::optional(Ranges{*range}) : std::nullopt;
    }
    const auto number = id_of(value);
    return number ? Ranges{{*number, *number}} : Ranges{};
}

/// In order, none touching the next, and within where the field is there.
Ranges joined(Ranges ranges, const FactOf& fact) {
    std::ranges::sort(ranges, {}, &NumberRange::low);
    Ranges out;
    for (NumberRange r : ranges) {
        r = {std::max(r.low, fact.least), std::min(r.high, fact.most)};
        if (r.low > r.high) continue;
        if (!out.empty() && (out.back().high == kHighest || r.low <= out.back().high + 1))
            out.back().high = std::max(out.back().high, r.high);
        else
            out.push_back(r);
    }
    return out;
}

/// Where the field is there, and the ranges are not.
Ranges complement(const Ranges& ranges, const FactOf& fact) {
    Ranges out;
    std::uint64_t from = fact.least;
    for (const NumberRange& r : ranges) {
        if (r.low > from) out.push_back({from, r.low - 1});
        if (r.high >= fact.most) return out;
        from = r.high + 1;
    }
    out.push_back({from, fact.most});
    return out;
}

Ranges order_of(const Term& term, const FactOf& fact) {
    std::int64_t operand = 0;
    const std::string& text = term.values().front();
    std::from_chars(text.data(), text.data() + text.size(), operand);
    const auto low = static_cast<std::uint64_t>(std::max<std::int64_t>(operand, 0));
    switch (term.op()) {
        case Operator::kLess:
            return operand <= 0 ? Ranges{} : Ranges{{0, low - 1}};
        case Operator::kLessEqual:
            return operand < 0 ? Ranges{} : Ranges{{0, low}};
        case Operator::kGreater:
            return Ranges{{operand < 0 ? 0 : low + 1, fact.most}};
        default:
            return Ranges{{low, fact.most}};
    }
}

std::optional<Ranges> ranges_of(const Term& term, const FactOf& fact) {
    Ranges all;
    switch (term.op()) {
        case Operator::kExists:
            return Ranges{{fact.least, fact.most}};
        case Operator::kEqual:
        case Operator::kUnequal:
        case Operator::kIn:
            for (const std::string& value : term.values()) {
                const auto some = ranges_of(fact, value);
                if (!some) return std::nullopt;
                std::ranges::copy(*some, std::back_inserter(all));
            }
            all = joined(std::move(all), fact);
            return term.op() == Operator::kUnequal ? complement(all, fact) : all;
        case Operator::kLess:
        case Operator::kLessEqual:
        case Operator::kGreater:
        case Operator::kGreaterEqual:
            return joined(order_of(term, fact), fact);
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<TermTest> test_of(const Term& term) {
    const std::string_view key = term.field().key;
    if (std::ranges::find(kOfLogins, key) != std::end(kOfLogins)) return TermTest{has_login(), false};
    const FactOf* fact = find_fact(key);
    if (!fact) return std::nullopt;
    auto ranges = ranges_of(term, *fact);
    if (!ranges || ranges->size() > WHODID_GATE_RANGES) return std::nullopt;
    return TermTest{{fact->fact, std::move(*ranges)}, true};
}

std::string_view place_of(const Term& term) {
    if (term.field().type == Type::kKind) return "kernel";
    const auto test = test_of(term);
    if (!test) return "userspace";
    return test->decides ? "kernel" : "kernel, userspace";
}

// ---- tables -----------------------------------------------------------------------------------------------

namespace {

/// What is known of a condition before anything is asked: its truth, or the test that tells.
struct Ask {
    std::optional<bool> truth;
    int test = -1;        // else: its bit; -1: nothing tells
    bool decides = true;  // see TermTest
};

class GateMaker {
public:
    explicit GateMaker(const Demand& demand) : demand_(demand) {}

    rec_gate make() {
        std::vector<RowAsks> rows;
        for (const Row& row : kRows) rows.push_back(asks_of(row));
        answers_ = 1u << tests_.size();  // all tests are known by now
        for (const RowAsks& row : rows) fill(row);
        keep_names_of_connections();
        for (const Row& row : kRows) list(row.row);
        return gate_;
    }

private:
    /// Its bit; -1 when there is no room for it.
    int add_test(const GateTest& test) {
        const auto found = std::ranges::find(tests_, test);
        if (found != tests_.end()) return static_cast<int>(found - tests_.begin());
        if (tests_.size() == WHODID_GATE_TESTS || gate_.used + test.ranges.size() > WHODID_GATE_RANGES)
            return -1;
        const auto number = static_cast<rec_u32>(tests_.size());
        for (const NumberRange& range : test.ranges)
            gate_.ranges[gate_.used++] = {range.low, range.high, test.fact, number};
        tests_.push_back(test);
        return static_cast<int>(number);
    }

    void drop(rec_gate_row row, unsigned answers) { gate_.drop[row][answers / 32] |= 1u << answers % 32; }
    bool drops(rec_gate_row row, unsigned answers) const {
        return gate_.drop[row][answers / 32] >> answers % 32 & 1;
    }

    void list(rec_gate_row row) {
        const auto bit = static_cast<rec_u16>(1u << row);
        for (unsigned answers = 0; answers < answers_; ++answers) {
            if (!drops(row, answers)) continue;
            gate_.rows |= bit;
            if (may_have_worked(answers)) gate_.successes |= bit;
        }
    }
    /// Whether these can be the answers for an act without an error.
    bool may_have_worked(unsigned answers) const {
        for (std::size_t i = 0; i < tests_.size(); ++i) {
            if (tests_[i].fact != REC_FACT_ERROR) continue;
            const bool is_met =
                std::ranges::any_of(tests_[i].ranges, [](auto& range) { return range.low == 0; });
            if (is_met != ((answers >> i & 1) != 0)) return false;
        }
        return true;
    }

    struct RowAsks {
        rec_gate_row row;
        std::vector<Ask> needed;
        std::vector<std::vector<Ask>> terms;  // of each filter
    };
    RowAsks asks_of(const Row& row) {
        RowAsks asks{row.row, demands_of(row), {}};
        for (const Expression* filter : demand_.filters) {
            std::vector<Ask>& terms = asks.terms.emplace_back();
            for (const Term& term : filter->terms()) terms.push_back(ask_of(term, row));
        }
        return asks;
    }

    void fill(const RowAsks& asks) {
        for (unsigned answers = 0; answers < answers_; ++answers) {
            const auto is_false = [&](const Ask& ask) { return truth_of(ask, answers) == false; };
            bool dropped = std::ranges::any_of(asks.needed, is_false);
            for (std::size_t i = 0; !dropped && i < asks.terms.size(); ++i)
                dropped = demand_.filters[i]->holds([&](std::size_t term) {
                    return truth_of(asks.terms[i][term], answers);
                }) == false;
            if (dropped) drop(asks.row, answers);
        }
    }

    static std::optional<bool> truth_of(const Ask& ask, unsigned answers) {
        if (ask.test < 0) return ask.truth;
        const bool is_met = (answers >> ask.test & 1) != 0;
        if (!ask.decides) return is_met ? std::nullopt : std::optional(false);
        return is_met;
    }

    Ask ask_of(const Term& term, const Row& row) {
        const Kind& kind = *find_kind(row.kind);
        if (!find_field(kind, term.field().key)) return {false};
        if (term.field().type == Type::kKind) return {term.holds(Value::of_text(qualified(kind)))};
        if (row.row == REC_GATE_OPEN && term.field().key == "whodid.file.access") {
            const bool read = term.holds(Value::of_text("r")), path_only = term.holds(Value::of_text("x"));
            return {read == path_only ? std::optional(read) : std::nullopt};
        }
        const auto test = test_of(term);
        if (test && test->decides && test->test.ranges.empty()) return {false};
        return test ? Ask{std::nullopt, add_test(test->test), test->decides} : Ask{};
    }

    static std::string qualified(const Kind& kind) { return "whodid." + std::string(kind.name); }

    /// What has to hold beside the filters.
    std::vector<Ask> demands_of(const Row& row) {
        std::vector<Ask> asks;
        if (!demand_.kinds.empty()) asks.push_back({demand_.kinds[row.kind]});
        if (demand_.failed_only) asks.push_back({{}, add_test({REC_FACT_ERROR, {{1, kHighest}}})});
        if (demand_.by_user && !demand_.by_nobody) asks.push_back({{}, add_test(has_login()), false});
        for (const auto& keys : demand_.keys)
            asks.push_back({std::ranges::any_of(keys,
                                                [&](const std::string& key) {
                                                    return find_field(*find_kind(row.kind), key) != nullptr;
                                                })
                                ? std::optional<bool>()
                                : false});
        if (demand_.profile != Profile::kForensic) asks.push_back(is_shown(row));
        if (demand_.budget != BudgetStep::kNothing) asks.push_back(is_within_budget(row));
        return asks;
    }

    /// As shown_by_default and ProfileRules have it.
    Ask is_shown(const Row& row) {
        const bool quiet = demand_.profile == Profile::kQuiet;
        if (quiet && row.row != REC_GATE_CONNECT) return {false};
        if (row.row == REC_GATE_OPEN) {
            Ranges shown = {{0, 0}};
            for (std::uint64_t code = 1; code < 4096; ++code)
                if (is_open_failure_shown(static_cast<int>(code))) shown.push_back({code, code});
            return {{}, add_test({REC_FACT_ERROR, std::move(shown)}), false};
        }
        if (!find_kind(row.kind)->hidden) return {};
        if (row.row == REC_GATE_MAP) return {false};
        return {{}, add_test({REC_FACT_ERROR, {{EPERM, EPERM}, {EACCES, EACCES}}}), false};
    }

    /// As Budget has it. Whether a file that was read is watched userspace alone can tell: what comes out is
    /// all but what found no file.
    Ask is_within_budget(const Row& row) {
        switch (row.row) {
            case REC_GATE_OPEN:
                return {{},
                        add_test({REC_FACT_ERROR,
                                  {{0, ENOENT - 1}, {ENOENT + 1, ENOTDIR - 1}, {ENOTDIR + 1, kHighest}}}),
                        false};
            case REC_GATE_MAP:
                return {};
            case REC_GATE_CLOSE:
                return demand_.budget >= BudgetStep::kEnds ? Ask{false} : Ask{};
            default:
                if (demand_.budget < BudgetStep::kConnections) return {};
                return {{}, add_test({REC_FACT_ERROR, {{EPERM, EPERM}, {EACCES, EACCES}}}), false};
        }
    }

    /// The name that was asked for is told of a connection's end too, from its beginning: that is dropped
    /// where the end is, however each ended.
    void keep_names_of_connections() {
        unsigned outcomes = 0;
        for (std::size_t i = 0; i < tests_.size(); ++i)
            if (tests_[i].fact == REC_FACT_ERROR) outcomes |= 1u << i;
        for (unsigned answers = 0; answers < answers_; ++answers) {
            bool all = true;
            for (unsigned other = 0; other < answers_; ++other)
                all &= (other | outcomes) != (answers | outcomes) || drops(REC_GATE_CLOSE, other);
            if (!all) gate_.drop[REC_GATE_CONNECT][answers / 32] &= ~(1u << answers % 32);
        }
    }

    const Demand& demand_;
    rec_gate gate_{};
    std::vector<GateTest> tests_;
    unsigned answers_ = 1;  // that there can be
};

}  // namespace

bool is_gated_kind(std::uint16_t kind) {
    return std::ranges::find(kRows, kind, &Row::kind) != std::end(kRows);
}

rec_gate make_gate(const Demand& demand) { return GateMaker(demand).make(); }

std::string describe(const rec_gate& gate) {
    std::string out;
    unsigned answers = 1;  // that there can be
    for (const rec_range& range : std::span(gate.ranges, gate.used))
        answers = std::max(answers, 2u << range.test);
    for (const Row& row : kRows) {
        unsigned dropped = 0;
        for (unsigned i = 0; i < answers; ++i) dropped += gate.drop[row.row][i / 32] >> i % 32 & 1;
        const std::string_view how = dropped == 0         ? "all come out"
                                     : dropped == answers ? "none comes out"
                                                          : "some";
        out += fmt::format("  {:<46}{}\n", row.what, how);
    }
    return out;
}

}  // namespace whodid
