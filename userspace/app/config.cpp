// SPDX-License-Identifier: Apache-2.0
// whodid config.
#include "app/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "app/configuration.h"
#include "app/exit_code.h"
#include "app/say.h"
#include "app/settings_page.h"
#include "app/watch.h"
#include "base/escape.h"
#include "base/host.h"
#include "enrich/person_map.h"
#include "filter/watch_file.h"

namespace whodid {

namespace {

/// What is wrong with a file that the configuration names; empty: nothing.
std::string watch_file_fault(const std::string& path) {
    if (path == kNoBuiltInWatches) return {};
    const auto text = LiveHost().read_file(path);
    if (!text) return text.error().message;
    const auto list = parse_watch_file(*text, path);
    return list ? std::string() : list.error().message;
}

std::string person_map_fault(const std::string& path) {
    if (path == "none") return {};
    const auto text = LiveHost().read_file(path);
    if (!text) return text.error().message;
    const auto people = PersonMap::parse(*text);
    return people ? std::string() : fmt::format("{}: {}", path, people.error().message);
}

/// The files that it names are on this machine alone, and are read when the daemon starts.
void check_files(Configuration& configuration, const std::string& key,
                 std::string (*fault)(const std::string& path)) {
    const auto given = configuration.given.find(key);
    if (given == configuration.given.end()) return;
    for (const GivenText& value : given->second.values) {
        const std::string wrong = fault(value.text);
        Given one = given->second;
        one.at = value.at;
        if (!wrong.empty())
            configuration.errors.push_back(
                fmt::format("{}: {}: {}", one.where(), key, escape_for_terminal(wrong)));
    }
}

void say_lines(const std::vector<std::string>& lines, std::string_view before) {
    for (const std::string& line : lines) say(fmt::format("{}{}\n", before, line));
}

Configuration read_and_say(const std::string& path) {
    Configuration configuration = read_configuration(path, environment_of_process());
    check_files(configuration, "watch", watch_file_fault);
    check_files(configuration, "person_map", person_map_fault);
    say_lines(configuration.warnings, "warning: ");
    say_lines(configuration.errors, "");
    return configuration;
}

}  // namespace

int config_check(const std::string& path) {
    const Configuration configuration = read_and_say(path);
    if (!configuration.errors.empty()) return kConfigInvalid;
    return print_page(
        fmt::format("{}: {}\n", escape_for_terminal(path), describe_settings(configuration.settings)));
}

int config_show(const std::string& path) {
    const Configuration configuration = read_and_say(path);
    return configuration.errors.empty() ? print_page(effective_page(configuration)) : int{kConfigInvalid};
}

int config_keys(bool as_markdown) {
    return print_page(as_markdown ? configuration_markdown() : shipped_page());
}

}  // namespace whodid
