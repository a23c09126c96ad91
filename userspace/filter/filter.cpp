// SPDX-License-Identifier: Apache-2.0
// Conditions on fields.
#include "filter/filter.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/nearest.h"

namespace whodid {

namespace {

bool kind_matches(const Kind& kind, std::string_view wanted) {
    const std::size_t dot = kind.name.find('.');
    return kind.name == wanted || kind.name.substr(0, dot) == wanted || kind.name.substr(dot + 1) == wanted;
}

void append_value(std::string& out, const Value& value) {
    switch (value.state) {
        case Value::State::kInteger:
            out = std::to_string(value.integer);
            return;
        case Value::State::kBoolean:
            out = value.boolean ? "true" : "false";
            return;
        case Value::State::kReal:
            out = fmt::format("{}", value.real);
            return;
        default:
            out = value.text;
    }
}

bool is_or_matches(const std::string& text, const std::string& glob) {
    return text == glob || fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

}  // namespace

Error unknown_field(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Kind& kind : kinds())
        for_each_field(kind, [&](const Field& field) {
            names.push_back(field.key);
            if (!field.alias.empty()) names.push_back(field.alias);
        });
    return Error{
        fmt::format("no field is called '{}'{}; `whodid fields` lists them", name, did_you_mean(name, names)),
        EINVAL};
}

Result<std::vector<const Kind*>> resolve_kind(std::string_view name) {
    constexpr std::string_view kPrefix = "whodid.";
    std::string_view wanted = name;
    if (wanted.starts_with(kPrefix)) wanted.remove_prefix(kPrefix.size());
    std::vector<const Kind*> found;
    std::vector<std::string_view> names;
    for (const Kind& kind : kinds()) {
        if (kind.internal) continue;
        const std::size_t dot = kind.name.find('.');
        names.insert(names.end(), {kind.name, kind.name.substr(0, dot), kind.name.substr(dot + 1)});
        if (kind_matches(kind, wanted)) found.push_back(&kind);
    }
    if (!found.empty()) return found;
    return Error{fmt::format("no kind of event is called '{}'{}; `whodid fields` lists them", name,
                             did_you_mean(wanted, names)),
                 EINVAL};
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
    for (const Condition& condition : options.conditions) {
        for (const std::string& key : condition.keys) {
            if (!find_field(key)) return unknown_field(key);
            filter.names_path_ |= key == "file.path";
        }
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

bool Filter::is_wanted(const Event& event) {
    if (!kinds_.empty() || options_.everything || names_path_ || shown_by_default(event, lineage_))
        return true;
    ++kept_back_[event.kind->id];
    return false;
}

bool Filter::is_by_user(const Event& event) const {
    std::string name, uid, person;
    const Process* p = event.process.get();
    if (p && p->login_uid != REC_UNSET) {
        name = p->login_user;
        uid = std::to_string(p->login_uid);
        if (p->session) person = p->session->person.id;
    } else if (event.kind->id == REC_AUTH_ATTEMPT) {
        name = event.text(event.as<rec_auth>().account);
    }
    if (name.empty() && uid.empty()) name = "-";
    return std::ranges::any_of(options_.users, [&](const std::string& wanted) {
        return wanted == uid || (!name.empty() && is_or_matches(name, wanted)) ||
               (!person.empty() && is_or_matches(person, wanted));
    });
}

bool Filter::matches(const Condition& condition, const Event& event) {
    std::string text;
    for (const std::string& key : condition.keys) {
        const Field* field = find_field(*event.kind, key);
        if (!field) continue;
        const Value value = field->read(event, scratch_);
        if (!value.present()) continue;
        append_value(text, value);
        for (const std::string& glob : condition.globs)
            if (is_or_matches(text, glob)) return true;
    }
    return false;
}

bool Filter::meets_conditions(const Event& event) {
    if (options_.failed_only && !event.failed()) return false;
    if (!options_.users.empty() && !is_by_user(event)) return false;
    if (options_.tree_pid && !(event.process && lineage_.descends(*event.process, options_.tree_pid)))
        return false;
    return std::ranges::all_of(options_.conditions,
                               [&](const Condition& condition) { return matches(condition, event); });
}

bool Filter::keeps(const Event& event) {
    scratch_.reset();
    const std::uint16_t kind = event.kind->id;
    if (event.kind->internal) return false;
    // What says that something is missing or was tampered with is never filtered away, whoever did it.
    if (is_alarm(kind)) return true;
    if ((kind == REC_SENSOR_START || kind == REC_SENSOR_STOP) && (kinds_.empty() || !kinds_[kind]))
        return options_.start_and_stop || options_.everything;
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
