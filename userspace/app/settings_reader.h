// SPDX-License-Identifier: Apache-2.0
// SettingsReader: puts settings together from files and variables, each over what came before.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/otel_environment.h"
#include "app/settings.h"
#include "app/settings_table.h"
#include "app/yaml.h"
#include "base/result.h"

namespace whodid {

/// A value as it was given.
struct GivenText {
    std::string name;  // in a map
    std::string text;
    Place at;  // of a file
};

/// What was given for a key, last, and where.
struct Given {
    std::string source;  // a file's path, or a variable's name
    bool is_file = false;
    Place at;
    std::vector<GivenText> values;  // of a list or map any number, else one

    /// For messages: "path:3:9", or the variable's name.
    std::string where() const;
};

/// Settings and all that is to be said about them.
struct Configuration {
    Settings settings;
    std::map<std::string, Given, std::less<>> given;  // "budget.max_cpu", "sinks.files.keep.age"
    std::vector<std::string> errors, warnings;        // lines: "path:3:9: key: what is wrong"
};

/// "WHODID_BUDGET_MAX_CPU" for "budget.max_cpu", "WHODID_SINKS_MY_FILES_PATH" for "sinks.my-files.path".
std::string variable_name(std::string_view key);

class SettingsReader {
public:
    void read_yaml(std::string_view text, const std::string& path);
    /// OpenTelemetry's, for otlp sinks that do not say it themselves; may make a sink named "otel".
    void read_otel(const Environment& environment);
    void read_variables(const Environment& environment);
    void add_error(std::string line) { read_.errors.push_back(std::move(line)); }

    /// Makes endpoints and paths whole, and looks at what has to go together. Called once, last.
    Configuration finish();

private:
    template <class T>
    struct Room;

    void fault(const std::string& path, Place at, const std::string& key, const std::string& message);
    template <class T>
    void read_keys(const YamlNode& map, const std::string& inner, Room<T>& room);
    template <class T>
    void read_unknown(const YamlNode& node, const std::string& inner, const Room<T>& room);
    template <class T>
    void read_value(const YamlNode& node, const Key<T>& key, Room<T>& room);
    template <class T>
    std::string take(T& to, const Key<T>& key, const Given& given, const GivenText& value) const;
    template <class T>
    void apply(T& to, const Key<T>& key, const std::string& full_name, Given given,
               std::vector<std::string>& faults);
    template <class T>
    void read_variables_of(const Environment& environment, const std::string& prefix,
                           const std::vector<Key<T>>& keys, T& to);
    void read_sinks(const YamlNode& node, const std::string& path);
    void read_sink(const YamlNode& node, const std::string& path, std::set<std::string>& names);
    SinkSettings* find_or_make_sink(const YamlNode& node, const YamlNode& name, const std::string& path);
    SinkSettings* find_sink(std::string_view name);
    void give_otel(SinkSettings& sink, const std::vector<OtelValue>& values);
    const Given* find_given(std::string_view key) const;
    void check(std::string_view key, bool is_wrong, const std::string& message);
    void finish_sink(SinkSettings& sink);
    void check_lines(const SinkSettings& sink);
    void check_otlp(const SinkSettings& sink);
    void check_outputs();
    void check_profile();

    Configuration read_;
};

}  // namespace whodid
