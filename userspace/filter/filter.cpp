// SPDX-License-Identifier: Apache-2.0
// Conditions on fields, and trace's defaults.
#include "filter/filter.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <whodid/limits.h>

#include <algorithm>
#include <numeric>

namespace whodid {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row.back();
}

bool kind_matches(const Kind& kind, std::string_view wanted) {
    return kind.name == wanted || (kind.name.starts_with(wanted) && kind.name[wanted.size()] == '.');
}

Result<void> select_kinds(std::string_view wanted, std::vector<bool>& selected) {
    constexpr std::string_view kPrefix = "whodid.";
    if (wanted.starts_with(kPrefix)) wanted.remove_prefix(kPrefix.size());
    bool found = false;
    std::vector<std::string_view> names;
    for (const Kind& kind : kinds()) {
        if (kind.internal) continue;
        names.push_back(kind.name);
        if (!kind_matches(kind, wanted)) continue;
        selected[kind.id] = found = true;
    }
    if (found) return {};
    const std::string near = nearest_name(wanted, names);
    return Error{fmt::format("no kind of event is called '{}'{}; `whodid fields` lists them", wanted,
                             near.empty() ? "" : fmt::format(", did you mean '{}'?", near))};
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

bool is_change(std::uint16_t kind) { return kind >= REC_FILE_CREATE && kind <= REC_FILE_SETXATTR; }

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t least = name.size() / 2 + 1;
    for (std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance >= least) continue;
        least = distance;
        best = candidate;
    }
    return std::string(best);
}

bool is_watched_path(std::string_view path) {
    static constexpr const char* kWatched[] = {"/etc/shadow",
                                               "/etc/gshadow",
                                               "/etc/sudoers",
                                               "/etc/sudoers.d/*",
                                               "/etc/ssh/ssh_host_*_key",
                                               "*/.ssh/id_*",
                                               "*/.ssh/authorized_keys*",
                                               "/etc/krb5.keytab",
                                               "*/.aws/credentials",
                                               "*/.kube/config",
                                               "*/.docker/config.json",
                                               "*/.netrc",
                                               "*/.pgpass",
                                               "*/.gnupg/private-keys-v1.d/*",
                                               "/proc/*/mem",
                                               "/etc/security/opasswd"};
    const std::string text(path);
    return std::ranges::any_of(kWatched,
                               [&](const char* glob) { return fnmatch(glob, text.c_str(), 0) == 0; });
}

bool shown_by_default(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (event.kind->hidden) return false;
    if (kind >= REC_AUTH_ATTEMPT) return true;
    if (event.failed()) {
        const int code = -event.record->result;
        const bool is_file = kind >= REC_FILE_OPEN && kind <= REC_FILE_SETXATTR;
        return !is_file ||
               (code != ENOENT && code != ENOTDIR && (is_change(kind) || code == EACCES || code == EPERM));
    }
    if (kind == REC_FILE_OPEN)
        return (event.as<rec_file>().open_flags & 3) != 0 ? !event.path.starts_with("/dev/")
                                                          : is_watched_path(event.path);
    return true;
}

Result<Filter> Filter::compile(const FilterOptions& options, Descends descends) {
    Filter filter;
    filter.options_ = options;
    filter.descends_ = std::move(descends);
    if (!options.kinds.empty()) {
        filter.kinds_.resize(WHODID_KIND_MAX);
        for (const std::string& kind : options.kinds)
            if (auto found = select_kinds(kind, filter.kinds_); !found) return found.error();
    }
    for (const Condition& condition : options.conditions)
        for (const std::string& key : condition.keys)
            if (!find_field(key)) return Error{fmt::format("no field is called '{}'", key)};
    return filter;
}

bool Filter::wants_kind(const Event& event) const {
    if (event.kind->internal) return false;
    if (!kinds_.empty()) return kinds_[event.kind->id];
    return options_.everything || shown_by_default(event);
}

bool Filter::matches(const Condition& condition, const Event& event) {
    for (const std::string& key : condition.keys) {
        const Field* field = find_field(*event.kind, key);
        if (!field) continue;
        const Value value = field->read(event, scratch_);
        if (!value.present()) continue;
        std::string text;
        append_value(text, value);
        for (const std::string& glob : condition.globs)
            if (fnmatch(glob.c_str(), text.c_str(), 0) == 0) return true;
    }
    return false;
}

bool Filter::keeps(const Event& event) {
    scratch_.reset();
    // What says that something is missing or was tampered with is never filtered away.
    if (event.kind->id >= REC_SENSOR_START && event.kind->id <= REC_SENSOR_TAMPER) return true;
    if (!wants_kind(event)) return false;
    if (options_.failed_only && !event.failed()) return false;
    if (options_.tree_pid && !(event.process && descends_(*event.process, options_.tree_pid))) return false;
    return std::ranges::all_of(options_.conditions,
                               [&](const Condition& condition) { return matches(condition, event); });
}

}  // namespace whodid
