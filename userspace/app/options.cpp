// SPDX-License-Identifier: Apache-2.0
// What people type.
#include "app/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "base/duration.h"

namespace whodid {

namespace {

bool is_set(const char* variable) { return variable && *variable; }
bool is_on(const char* variable) { return is_set(variable) && std::string_view(variable) != "0"; }

/// A number above zero and what follows it.
std::optional<std::pair<double, std::string_view>> split_amount(std::string_view text) {
    double number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
    if (error != std::errc() || !(number > 0) || text.find_first_of("0123456789.") != 0) return std::nullopt;
    return std::pair(number, std::string_view(end, static_cast<std::size_t>(last - end)));
}

/// "none", or a number with one of these units, at most `most` altogether.
std::optional<double> read_limit(std::string_view text,
                                 std::initializer_list<std::pair<std::string_view, double>> units,
                                 double most) {
    if (text == "none") return 0;
    const auto amount = split_amount(text);
    for (const auto& [unit, factor] : units)
        if (amount && amount->second == unit && amount->first * factor <= most) return amount->first * factor;
    return std::nullopt;
}

void add(FilterOptions& to, std::vector<std::string> keys, const std::vector<std::string>& globs) {
    if (!globs.empty()) to.conditions.push_back({std::move(keys), globs});
}

}  // namespace

Result<std::uint64_t> parse_duration(std::string_view text) {
    constexpr double kLongest = 100 * 365 * 86400e9;
    const auto ns = read_duration_ns(text);
    if (!ns) return Error{fmt::format("'{}' is no duration: 30, 30s, 5m, 1h30m", text), EINVAL};
    if (*ns < 1) return Error{fmt::format("'{}' is no time at all", text), EINVAL};
    if (*ns > kLongest) return Error{fmt::format("'{}' is too long", text), EINVAL};
    return static_cast<std::uint64_t>(*ns);
}

Result<std::uint64_t> parse_period(std::string_view text) {
    constexpr std::uint64_t kLeastNs = 1'000'000'000;
    const auto ns = parse_duration(text);
    if (!ns) return ns.error();
    if (*ns < kLeastNs) return Error{fmt::format("'{}' is too often: at least 1s", text), EINVAL};
    return *ns;
}

Result<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0)
        return Error{fmt::format("'{}' is no whole number above zero", text), EINVAL};
    return number;
}

Result<std::uint32_t> parse_pid(std::string_view text) {
    constexpr std::uint64_t kMost = 1 << 22;  // include/linux/threads.h: PID_MAX_LIMIT
    const auto number = parse_count(text);
    if (!number || *number > kMost) return Error{fmt::format("'{}' is no process number", text), EINVAL};
    return static_cast<std::uint32_t>(*number);
}

Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    constexpr std::string_view kUnits = "KMG";
    unsigned shift = 0;
    if (!unit.empty()) {
        const std::size_t at = kUnits.find(unit.front() >= 'a' ? unit.front() - 'a' + 'A' : unit.front());
        const std::string_view tail = unit.substr(1);
        const bool known = at != std::string_view::npos && (tail.empty() || tail == "iB" || tail == "B");
        shift = known ? 10 * static_cast<unsigned>(at + 1) : 64;
    }
    if (error != std::errc() || shift == 64 || number > (~std::uint64_t{0} >> shift))
        return Error{fmt::format("'{}' is no size: 4096, 64K, 16M, 1G", text), EINVAL};
    return number << shift;
}

Result<std::uint32_t> parse_ring_size(std::string_view text) {
    constexpr std::uint64_t kMost = 1 << 30;
    const auto least = static_cast<std::uint64_t>(::getpagesize());  // which the kernel asks for
    const auto bytes = parse_size(text);
    if (!bytes) return bytes.error();
    if (!std::has_single_bit(*bytes) || *bytes < least || *bytes > kMost)
        return Error{
            fmt::format("'{}' is no size for a ring: a power of two from {} (a page) to 1G", text, least),
            EINVAL};
    return static_cast<std::uint32_t>(*bytes);
}

Result<double> parse_max_events(std::string_view text) {
    const auto limit = read_limit(text, {{"/s", 1}}, 1e9);
    if (!limit)
        return Error{fmt::format("'{}' is no number of events a second: 20/s, 0.5/s or none", text), EINVAL};
    return *limit;
}

Result<double> parse_max_bytes(std::string_view text) {
    const auto limit = read_limit(
        text, {{"/day", 1}, {"B/day", 1}, {"KB/day", 1e3}, {"MB/day", 1e6}, {"GB/day", 1e9}}, 1e15);
    if (!limit)
        return Error{
            fmt::format("'{}' is no size of a day's events: 5MB/day, 500KB/day, 1GB/day or none", text),
            EINVAL};
    return *limit;
}

Result<double> parse_max_cpu(std::string_view text) {
    const auto limit = read_limit(text, {{"%", 1}}, 100);
    if (!limit)
        return Error{fmt::format("'{}' is no part of a core: 2%, 0.5%, up to 100%, or none", text), EINVAL};
    return *limit;
}

Result<std::uint32_t> parse_fold_entries(std::string_view text) {
    constexpr std::uint64_t kMost = 1 << 15;  // records have 16 bits for it, and 0 is none
    const auto entries = parse_count(text);
    if (!entries) return entries.error();
    if (!std::has_single_bit(*entries) || *entries < WHODID_FOLD_WAYS || *entries > kMost)
        return Error{fmt::format("'{}' is no size for the table of folds: a power of two from {} to {}", text,
                                 WHODID_FOLD_WAYS, kMost),
                     EINVAL};
    return static_cast<std::uint32_t>(*entries);
}

void set_ring_size(LoadOptions& load, std::uint32_t bytes) {
    constexpr std::uint32_t kVitalLeast = 1 << 20;
    load.ring_bytes = bytes;
    load.vital_ring_bytes = std::max(bytes / 2, kVitalLeast);
}

Result<std::vector<std::string>> resolve_fields(const std::vector<std::string>& names) {
    std::vector<std::string> keys;
    for (const std::string& name : names) {
        const Field* field = find_field(name);
        if (!field) return unknown_field(name);
        keys.emplace_back(field->key);
    }
    return keys;
}

ColorEnvironment ColorEnvironment::of_process() {
    return {std::getenv("NO_COLOR"), std::getenv("CLICOLOR_FORCE"), std::getenv("FORCE_COLOR"),
            std::getenv("TERM")};
}

bool wants_color(ColorMode mode, bool is_terminal, const ColorEnvironment& environment) {
    if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
    if (is_set(environment.no_color)) return false;
    if (is_on(environment.clicolor_force) || is_on(environment.force_color)) return true;
    return is_terminal && is_set(environment.term) && std::string_view(environment.term) != "dumb";
}

FilterOptions filter_options(const ViewOptions& options) {
    FilterOptions filter;
    filter.kinds = options.kinds;
    filter.everything = options.everything;
    filter.failed_only = options.failed_only;
    filter.profile = options.profile;
    filter.users = options.users;
    filter.tree_pid = options.tree_pid;
    filter.expressions = options.filters;
    add(filter, {"session.id", "whodid.session.id"}, options.sessions);
    add(filter, {"process.executable.path", "process.executable.name"}, options.exes);
    add(filter,
        {"file.path", "whodid.file.target_path", "whodid.file.path_in_container",
         "whodid.file.target_path_in_container"},
        options.paths);
    std::vector<std::string> pids;
    for (const std::uint32_t pid : options.pids) pids.push_back(std::to_string(pid));
    add(filter, {"process.pid"}, pids);
    return filter;
}

}  // namespace whodid
