// SPDX-License-Identifier: Apache-2.0
// Reading the configuration.
#include "app/configuration.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "app/yaml.h"
#include "base/escape.h"
#include "base/host.h"

namespace whodid {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMoreFiles = "conf.d";

/// Files of the directory in the order of their names; none where there is no such directory.
Result<std::vector<std::string>> files_of(const fs::path& directory) {
    std::vector<std::string> files;
    std::error_code failed;
    for (fs::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed)) {
        const std::string name = at->path().filename();
        if (name.ends_with(".yaml") && !name.starts_with('.')) files.push_back(at->path());
    }
    if (failed && failed != std::errc::no_such_file_or_directory)
        return Error{
            fmt::format("cannot read {}: {}", escape_for_terminal(directory.string()), failed.message()),
            failed.value()};
    std::ranges::sort(files);
    return files;
}

void read_yaml_file(SettingsReader& reader, const std::string& path) {
    const auto text = read_regular_file(path, kYamlBytesMax + 1);
    if (text)
        reader.read_yaml(*text, path);
    else
        reader.add_error(escape_for_terminal(text.error().message));
}

}  // namespace

Environment environment_of_process() {
    Environment environment;
    for (char** at = environ; at && *at; ++at) {
        const std::string_view entry = *at;
        const std::size_t equals = entry.find('=');
        if (equals != entry.npos) environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return environment;
}

Configuration read_configuration(const std::string& path, const Environment& environment) {
    SettingsReader reader;
    if (!path.empty()) {
        read_yaml_file(reader, path);
        const auto more = files_of(fs::path(path).parent_path() / kMoreFiles);
        if (!more) reader.add_error(more.error().message);
        if (more)
            for (const std::string& file : *more) read_yaml_file(reader, file);
    }
    reader.read_otel(environment);
    reader.read_variables(environment);
    return reader.finish();
}

Result<Settings> load_settings(const std::string& path, const Environment& environment) {
    Configuration read = read_configuration(path, environment);
    for (const std::string& line : read.warnings) spdlog::warn("{}", line);
    if (!read.errors.empty()) return Error{fmt::format("{}", fmt::join(read.errors, "\n")), EINVAL};
    return std::move(read.settings);
}

}  // namespace whodid
