// SPDX-License-Identifier: Apache-2.0
// Conditions on fields.
#include "filter/filter.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace whodid {

namespace {

/// As the JSON line has it; made up in the scratch where it is no text.
std::string_view text_of(const Value& value, Scratch& scratch) {
    char* at = nullptr;
    const auto written = [&](auto number) {
        constexpr std::size_t kLongest = 32;  // of an int64 or the shortest form of a double
        at = scratch.allocate(kLongest);
        return std::string_view(at,
                                static_cast<std::size_t>(std::to_chars(at, at + kLongest, number).ptr - at));
    };
    switch (value.state) {
        case Value::State::kInteger:
            return written(value.integer);
        case Value::State::kReal:
            return written(value.real);
        case Value::State::kBoolean:
            return value.boolean ? "true" : "false";
        default:
            return value.text;
    }
}

}  // namespace

Filter::Names::Names(const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) names_.push_back({pattern, Glob(pattern)});
}

bool Filter::Names::has(std::string_view text) const {
    return std::ranges::any_of(names_, [&](const Name& n) { return text == n.text || n.glob.matches(text); });
}

bool Filter::Names::has_exactly(std::string_view text) const {
    return std::ranges::any_of(names_, [&](const Name& n) { return text == n.text; });
}

Result<Filter> Filter::compile(const FilterOptions& options, Lineage lineage) {
    Filter filter;
    filter.options_ = options;
    filter.lineage_ = std::move(lineage);
    for (const std::string& name : options.kinds) {
        const auto found = resolve_kind(name);
        if (!found) return found.error();
        filter.kinds_.resize(WHODID_KIND_MAX);
        for (const Kind* kind : *found) filter.kinds_[kind->id] = true;
    }
    if (options.profile) filter.use(*options.profile);
    filter.users_ = Names(options.users);
    for (const Condition& condition : options.conditions) {
        Clause& clause = filter.clauses_.emplace_back(Clause{{}, Names(condition.globs)});
        for (const std::string& key : condition.keys) {
            if (!find_field(key)) return unknown_field(key);
            clause.readers.emplace_back(key);
            filter.names_path_ |= key == "file.path";
        }
    }
    for (const std::string& text : options.expressions) {
        auto expression = Expression::compile(text);
        if (!expression) return Error{"--filter: " + expression.error().message, EINVAL};
        filter.expressions_.push_back(std::move(*expression));
    }
    return filter;
}

bool Filter::is_left_out(const Event& event) const {
    if (!event.process || options_.left_out.empty()) return false;
    static const std::uint64_t kTickNs = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return std::ranges::any_of(options_.left_out, [&](const ProcessStart& p) {
        return p.pid == event.process->pid && p.start_ticks == event.process->start_ns / kTickNs;
    });
}

/// In words: then nothing is kept back by default.
bool Filter::is_asked_for() const {
    return !kinds_.empty() || !expressions_.empty() || options_.everything || names_path_;
}

bool Filter::is_wanted(const Event& event) {
    if (profile_ ? profile_->keeps(event) : is_asked_for() || shown_by_default(event, lineage_)) return true;
    ++kept_back_[event.kind->id];
    return false;
}

rec_gate Filter::gate(BudgetStep budget) const {
    Demand demand;
    demand.kinds = kinds_;
    demand.failed_only = options_.failed_only;
    demand.by_user = !options_.users.empty();
    demand.by_nobody = users_.has("-");
    for (const Condition& condition : options_.conditions) demand.keys.push_back(condition.keys);
    for (const Expression& expression : expressions_) demand.filters.push_back(&expression);
    demand.profile = profile_         ? profile_->profile()
                     : is_asked_for() ? Profile::kForensic
                                      : Profile::kStandard;
    demand.budget = budget;
    return make_gate(demand);
}

bool Filter::is_by_user(const Event& event) {
    std::string_view name, uid, person;
    const Process* p = event.process.get();
    if (p && p->login_uid != REC_UNSET) {
        name = p->login_user;
        uid = decimal(p->login_uid, scratch_).text;
        if (p->session) person = p->session->person.id;
    } else if (event.kind->id == REC_AUTH_ATTEMPT) {
        name = event.text(event.as<rec_auth>().account);
    }
    if (name.empty() && uid.empty()) name = "-";
    return users_.has_exactly(uid) || (!name.empty() && users_.has(name)) ||
           (!person.empty() && users_.has(person));
}

bool Filter::meets(const Clause& clause, const Event& event) {
    return std::ranges::any_of(clause.readers, [&](const KeyReader& reader) {
        const Value value = reader.read(event, scratch_);
        return value.present() && clause.names.has(text_of(value, scratch_));
    });
}

bool Filter::meets_conditions(const Event& event) {
    if (options_.failed_only && !event.failed()) return false;
    if (!options_.users.empty() && !is_by_user(event)) return false;
    if (options_.tree_pid && !(event.process && lineage_.descends(*event.process, options_.tree_pid)))
        return false;
    return std::ranges::all_of(clauses_, [&](const Clause& clause) { return meets(clause, event); }) &&
           std::ranges::all_of(expressions_, [&](Expression& e) { return e.holds(event, scratch_); });
}

bool Filter::keeps(const Event& event) {
    scratch_.reset();
    const std::uint16_t kind = event.kind->id;
    if (event.kind->internal) return false;
    // What says that something is missing or was tampered with is never filtered away, whoever did it.
    if (is_alarm(kind)) return true;
    if (!is_named(kind)) {
        const bool begins_or_ends = kind == REC_SENSOR_START || kind == REC_SENSOR_STOP;
        if (begins_or_ends && (options_.start_and_stop || options_.everything)) return true;
        if (begins_or_ends && expressions_.empty()) return false;
        // That the sensor is there is nobody's act: the service tells it whatever acts it was told to show.
        if (kind == REC_SENSOR_HEARTBEAT && options_.everything) return true;
    }
    if (!kinds_.empty() && !kinds_[kind]) return false;
    if (is_left_out(event)) return false;
    // Conditions first: what is kept back is what the same command with -a would show.
    if (!meets_conditions(event)) {
        ++unmatched_;
        return false;
    }
    return is_wanted(event);
}

}  // namespace whodid
