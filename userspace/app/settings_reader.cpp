// SPDX-License-Identifier: Apache-2.0
// Putting settings together.
#include "app/settings_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "app/settings_values.h"
#include "base/escape.h"
#include "base/nearest.h"

namespace whodid {

namespace {

constexpr std::string_view kSinks = "sinks";
constexpr const char* kOtelSink = "otel";

std::string sink_prefix(std::string_view name) { return fmt::format("{}.{}.", kSinks, name); }

bool is_sink_name(std::string_view name) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return !name.empty() && name.size() <= 32 && name.find_first_not_of(kLetters) == name.npos;
}

const YamlNode* child_of(const YamlNode& map, std::string_view key) {
    const auto found = std::ranges::find(map.items, key, &YamlNode::key);
    return found == map.items.end() ? nullptr : &*found;
}

std::string_view sort_name(YamlNode::Sort sort) {
    switch (sort) {
        case YamlNode::Sort::kNull:
            return "nothing";
        case YamlNode::Sort::kText:
            return "one value";
        case YamlNode::Sort::kList:
            return "a list";
        case YamlNode::Sort::kMap:
            return "a map";
    }
    return {};
}

std::string_view wanted_sort(KeyType type) {
    return is_list(type) ? "a list" : is_map(type) ? "a map" : "one value";
}

/// What stands in a file for a key of this type; nullopt: it cannot be that.
std::optional<std::vector<GivenText>> texts_of(const YamlNode& node, KeyType type) {
    using Sort = YamlNode::Sort;
    if (node.sort == Sort::kText && !is_map(type)) return std::vector{GivenText{"", node.text, node.at}};
    const Sort wanted = is_map(type) ? Sort::kMap : Sort::kList;
    if (node.sort != wanted || (!is_list(type) && !is_map(type))) return std::nullopt;
    std::vector<GivenText> texts;
    for (const YamlNode& item : node.items) {
        if (item.sort != Sort::kText) return std::nullopt;
        texts.push_back({item.key, item.text, item.at});
    }
    return texts;
}

/// Where a message is about: a map's own place is that of its first key.
Place place_of_key(const YamlNode& node) { return node.key.empty() ? node.at : node.key_at; }

std::string fault_line(const std::string& where, const std::string& key, const std::string& message) {
    return fmt::format("{}: {}: {}", where, escape_for_terminal(key), message);
}

std::string bad_value(const KeyText& key, std::string_view value, const Error& error) {
    if (key.accepted.empty()) return error.message;
    return fmt::format("bad value {}: accepted: {}", quote_for_terminal(value), key.accepted);
}

std::string not_accepted(const KeyText& key, YamlNode::Sort sort) {
    return fmt::format("{} is not {}{}", sort_name(sort), wanted_sort(key.type),
                       key.accepted.empty() ? "" : ": accepted: " + key.accepted);
}

/// Names that may stand at this level: of keys, and of sections with keys in them.
template <class Keys>
std::vector<std::string_view> names_at(const Keys& keys, std::string_view inner) {
    std::vector<std::string_view> names;
    for (const auto& key : keys) {
        std::string_view name = key.name;
        if (!name.starts_with(inner)) continue;
        name.remove_prefix(inner.size());
        name = name.substr(0, name.find('.'));
        if (names.empty() || names.back() != name) names.push_back(name);
    }
    return names;
}

/// The key that has this name in another section.
template <class Keys>
std::string same_name_elsewhere(const Keys& keys, std::string_view name) {
    for (const auto& key : keys)
        if (key.name.ends_with("." + std::string(name))) return fmt::format(", did you mean '{}'?", key.name);
    return {};
}

}  // namespace

std::string Given::where() const {
    const std::string shown = escape_for_terminal(source);
    return is_file ? fmt::format("{}:{}:{}", shown, at.line, at.column) : shown;
}

std::string variable_name(std::string_view key) {
    std::string name = "WHODID_" + std::string(key);
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
        return static_cast<char>(c == '.' || c == '-' ? '_' : std::toupper(c));
    });
    return name;
}

/// What keys of a file are read into.
template <class T>
struct SettingsReader::Room {
    const std::string& path;                   // of the file
    std::string prefix;                        // "sinks.files."
    std::vector<std::string_view> more_names;  // that mean something and are no keys of the table
    const std::vector<Key<T>>& keys;
    T& to;
};

void SettingsReader::fault(const std::string& path, Place at, const std::string& key,
                           const std::string& message) {
    add_error(fault_line(Given{path, true, at, {}}.where(), key, message));
}

// ---- files ------------------------------------------------------------------------------------------------

void SettingsReader::read_yaml(std::string_view text, const std::string& path) {
    const auto root = parse_yaml(text, path);
    if (!root) return add_error(root.error().message);
    if (root->sort == YamlNode::Sort::kNull) return;
    if (root->sort != YamlNode::Sort::kMap)
        return fault(path, root->at, "the file", "has to be a map: 'profile: quiet'");
    Room<Settings> room{path, "", {kSinks}, settings_keys(), read_.settings};
    read_keys(*root, "", room);
    if (const YamlNode* sinks = child_of(*root, kSinks)) read_sinks(*sinks, path);
}

template <class T>
void SettingsReader::read_keys(const YamlNode& map, const std::string& inner, Room<T>& room) {
    for (const YamlNode& node : map.items) {
        if (inner.empty() && std::ranges::count(room.more_names, node.key) != 0) continue;
        const std::string name = inner + node.key;
        const bool has_dot = node.key.find('.') != node.key.npos;
        const auto key = std::ranges::find(room.keys, name, &Key<T>::name);
        const std::vector<std::string_view> below = names_at(room.keys, name + ".");
        if (!has_dot && key != room.keys.end())
            read_value(node, *key, room);
        else if (has_dot || below.empty())
            read_unknown(node, inner, room);
        else if (node.sort == YamlNode::Sort::kMap)
            read_keys(node, name + ".", room);
        else if (node.sort != YamlNode::Sort::kNull)
            fault(room.path, node.at, room.prefix + name,
                  fmt::format("{} is not a map of: {}", sort_name(node.sort), fmt::join(below, ", ")));
    }
}

template <class T>
void SettingsReader::read_unknown(const YamlNode& node, const std::string& inner, const Room<T>& room) {
    std::vector<std::string_view> known = names_at(room.keys, inner);
    if (inner.empty()) known.insert(known.end(), room.more_names.begin(), room.more_names.end());
    std::string remark = did_you_mean(node.key, known);
    if (remark.empty()) remark = same_name_elsewhere(room.keys, node.key);
    if constexpr (std::is_same_v<T, SinkSettings>) {
        const SinkType other = room.to.type == SinkType::kOtlp ? SinkType::kJsonLines : SinkType::kOtlp;
        const std::vector<std::string_view> others = names_at(sink_keys(other), inner);
        if (std::ranges::count(others, node.key) != 0)
            return fault(room.path, node.key_at, room.prefix + inner + node.key,
                         fmt::format("goes with type {}, and this is {}", sink_type_name(other),
                                     sink_type_name(room.to.type)));
    }
    fault(room.path, node.key_at, room.prefix + inner + node.key, "unknown key" + remark);
}

template <class T>
void SettingsReader::read_value(const YamlNode& node, const Key<T>& key, Room<T>& room) {
    auto texts = texts_of(node, key.type);
    if (!texts) {
        const YamlNode* odd = &node;  // the list or map, or what in it is not one value
        for (const YamlNode& item : node.items)
            if ((is_list(key.type) || is_map(key.type)) && item.sort != YamlNode::Sort::kText) odd = &item;
        const KeyText one{key.name, KeyType::kText, "", key.accepted, ""};
        return fault(room.path, place_of_key(*odd), room.prefix + key.name,
                     not_accepted(odd == &node ? static_cast<const KeyText&>(key) : one, odd->sort));
    }
    apply(room.to, key, room.prefix + key.name, Given{room.path, true, node.at, std::move(*texts)},
          read_.errors);
}

// ---- values -----------------------------------------------------------------------------------------------

/// What is wrong with it; empty: nothing, it was taken.
template <class T>
std::string SettingsReader::take(T& to, const Key<T>& key, const Given& given, const GivenText& value) const {
    const bool is_path = key.type == KeyType::kPath || key.type == KeyType::kPaths;
    const Error relative{"a relative path"};
    if (given.is_file && is_path && value.text != "none" && !value.text.starts_with('/'))
        return bad_value(key, value.text, relative);
    if (given.is_file && key.type == KeyType::kHeaders && is_secret_header(value.name))
        return fmt::format(
            "{} is a secret, which others can read here: put the line '{}: ...' into a file that only its "
            "owner "
            "may read, and name that in headers_file",
            quote_for_terminal(value.name), escape_for_terminal(value.name));
    if (!valid_utf8(value.text) || !valid_utf8(value.name)) return "not UTF-8";
    if ((value.text + value.name).find('\0') != std::string::npos) return "a NUL in a value";
    const auto taken = key.take(to, value.name, value.text);
    if (taken) return {};
    const bool may_be_secret = key.name == "proxy" || key.type == KeyType::kUrl;
    return bad_value(key, may_be_secret ? without_password(value.text) : value.text, taken.error());
}

template <class T>
void SettingsReader::apply(T& to, const Key<T>& key, const std::string& full_name, Given given,
                           std::vector<std::string>& faults) {
    T trial = to;
    key.clear(trial);
    bool is_good = true;
    for (const GivenText& value : given.values) {
        const std::string wrong = take(trial, key, given, value);
        if (wrong.empty()) continue;
        const Given one{given.source, given.is_file, value.at, {}};
        // A variable says which key it is for.
        faults.push_back(given.is_file ? fault_line(one.where(), full_name, wrong)
                                       : fmt::format("{}: {}", one.where(), wrong));
        is_good = false;
    }
    if (!is_good) return;
    to = std::move(trial);
    read_.given.insert_or_assign(full_name, std::move(given));
}

const Given* SettingsReader::find_given(std::string_view key) const {
    const auto found = read_.given.find(key);
    return found == read_.given.end() ? nullptr : &found->second;
}

// ---- sinks ------------------------------------------------------------------------------------------------

SinkSettings* SettingsReader::find_sink(std::string_view name) {
    const auto found = std::ranges::find(read_.settings.sinks, name, &SinkSettings::name);
    return found == read_.settings.sinks.end() ? nullptr : &*found;
}

void SettingsReader::read_sinks(const YamlNode& node, const std::string& path) {
    if (node.sort == YamlNode::Sort::kNull) return;
    if (node.sort != YamlNode::Sort::kList)
        return fault(
            path, node.at, std::string(kSinks),
            fmt::format("{} is not a list of sinks: '- {{name: files, type: jsonl}}'", sort_name(node.sort)));
    std::set<std::string> names;
    for (const YamlNode& sink : node.items) read_sink(sink, path, names);
}

void SettingsReader::read_sink(const YamlNode& node, const std::string& path, std::set<std::string>& names) {
    const std::string sinks(kSinks);
    if (node.sort != YamlNode::Sort::kMap)
        return fault(path, node.at, sinks,
                     fmt::format("{} is no sink: '- {{name: files, type: jsonl}}'", sort_name(node.sort)));
    const YamlNode* name = child_of(node, "name");
    const std::string& accepted = sink_identity_keys().front().accepted;
    if (!name) return fault(path, node.at, sinks, "a sink without a name: accepted: " + accepted);
    if (name->sort != YamlNode::Sort::kText || !is_sink_name(name->text))
        return fault(path, name->at, "sinks.name",
                     fmt::format("bad value {}: accepted: {}", quote_for_terminal(name->text), accepted));
    if (!names.insert(name->text).second)
        return fault(
            path, name->at, "sinks.name",
            fmt::format("'{}' is the name of another sink of this file: each has its own", name->text));
    SinkSettings* sink = find_or_make_sink(node, *name, path);
    if (!sink) return;
    Room<SinkSettings> room{path, sink_prefix(sink->name), {"name", "type"}, sink_keys(sink->type), *sink};
    read_keys(node, "", room);
}

/// Null: it cannot be known which keys it may have; said.
SinkSettings* SettingsReader::find_or_make_sink(const YamlNode& node, const YamlNode& name,
                                                const std::string& path) {
    const std::string prefix = sink_prefix(name.text), key = prefix + "type";
    const YamlNode* type = child_of(node, "type");
    const auto wanted = find_sink_type(type ? std::string_view(type->text) : std::string_view());
    const std::string& accepted = sink_identity_keys().back().accepted;
    if (type && !wanted) {
        fault(path, type->at, key,
              fmt::format("bad value {}: accepted: {}", quote_for_terminal(type->text), accepted));
        return nullptr;
    }
    if (SinkSettings* sink = find_sink(name.text)) {
        if (!wanted || wanted == sink->type) return sink;
        fault(path, type->at, key,
              fmt::format(
                  "bad value '{}': {} has made it {}: another type is another sink, with a name of its own",
                  type->text, find_given(key)->where(), sink_type_name(sink->type)));
        return nullptr;
    }
    if (!wanted) {
        fault(path, node.at, key, "is missing: accepted: " + accepted);
        return nullptr;
    }
    SinkSettings sink;
    sink.name = name.text;
    sink.type = *wanted;
    read_.settings.sinks.push_back(std::move(sink));
    read_.given[prefix + "name"] = {path, true, name.at, {{"", name.text, name.at}}};
    read_.given[key] = {path, true, type->at, {{"", type->text, type->at}}};
    return &read_.settings.sinks.back();
}

// ---- environment ------------------------------------------------------------------------------------------

void SettingsReader::read_otel(const Environment& environment) {
    const std::vector<OtelValue> values = otel_values(environment, read_.warnings);
    const bool has_otlp = std::ranges::count(read_.settings.sinks, SinkType::kOtlp, &SinkSettings::type) != 0;
    if (!has_otlp && asks_for_otlp(environment)) {
        SinkSettings sink;
        sink.name = kOtelSink;
        while (find_sink(sink.name)) sink.name += "-2";
        sink.type = SinkType::kOtlp;
        const Given made{values.front().variable, false, {}, {}};
        read_.given[sink_prefix(sink.name) + "name"] = made;
        read_.given[sink_prefix(sink.name) + "type"] = made;
        read_.settings.sinks.push_back(std::move(sink));
    }
    for (SinkSettings& sink : read_.settings.sinks)
        if (sink.type == SinkType::kOtlp) give_otel(sink, values);
}

void SettingsReader::give_otel(SinkSettings& sink, const std::vector<OtelValue>& values) {
    const std::string prefix = sink_prefix(sink.name);
    const auto is_own = [&](std::string_view key) {
        return find_given(prefix + std::string(key)) != nullptr;
    };
    const bool has_endpoint = is_own("endpoint") || is_own("logs_endpoint");
    for (const OtelValue& value : values) {
        if (is_own(value.key) || (has_endpoint && value.key.ends_with("endpoint"))) continue;
        const auto& keys = sink_keys(SinkType::kOtlp);
        const auto key = std::ranges::find(keys, value.key, &Key<SinkSettings>::name);
        Given given{value.variable, false, {}, {}};
        for (const auto& [name, text] : value.values) given.values.push_back({name, text, {}});
        std::vector<std::string> faults;
        apply(sink, *key, prefix + value.key, std::move(given), faults);
        for (const std::string& line : faults) read_.warnings.push_back(line + "; ignored");
    }
}

void SettingsReader::read_variables(const Environment& environment) {
    read_variables_of(environment, "", settings_keys(), read_.settings);
    for (SinkSettings& sink : read_.settings.sinks)
        read_variables_of(environment, sink_prefix(sink.name), sink_keys(sink.type), sink);
}

template <class T>
void SettingsReader::read_variables_of(const Environment& environment, const std::string& prefix,
                                       const std::vector<Key<T>>& keys, T& to) {
    for (const Key<T>& key : keys) {
        const std::string variable = variable_name(prefix + key.name);
        const std::string_view text = variable_of(environment, variable);
        if (text.empty()) continue;
        Given given{variable, false, {}, {}};
        if (is_map(key.type)) {
            const auto pairs = parse_baggage(text);
            if (!pairs) {
                add_error(fmt::format("{}: {}", variable, pairs.error().message));
                continue;
            }
            for (const auto& [name, value] : *pairs) given.values.push_back({name, value, {}});
        } else {
            given.values.push_back({"", std::string(text), {}});
        }
        apply(to, key, prefix + key.name, std::move(given), read_.errors);
    }
}

// ---- what has to go together ------------------------------------------------------------------------------

/// An error where the key was given, if it was.
void SettingsReader::check(std::string_view key, bool is_wrong, const std::string& message) {
    const Given* given = find_given(key);
    if (given && is_wrong) add_error(fault_line(given->where(), std::string(key), message));
}

Configuration SettingsReader::finish() {
    check_profile();
    for (SinkSettings& sink : read_.settings.sinks) finish_sink(sink);
    check_outputs();
    return std::move(read_);
}

void SettingsReader::finish_sink(SinkSettings& sink) {
    if (sink.type == SinkType::kJsonLines) return check_lines(sink);
    check_otlp(sink);
    const bool is_grpc = sink.otlp.protocol == OtlpProtocol::kGrpc;
    if (sink.base_endpoint.empty())
        sink.base_endpoint = is_grpc ? "http://localhost:4317" : "http://localhost:4318";
    const auto endpoint_of = [&](std::string_view signal) {
        return signal_endpoint(sink.base_endpoint, signal, sink.otlp.protocol);
    };
    if (sink.otlp.endpoint.empty()) sink.otlp.endpoint = endpoint_of("logs");
    if (sink.otlp.metrics_endpoint == "auto") sink.otlp.metrics_endpoint = endpoint_of("metrics");
    const std::string& spool = read_.settings.spool_path;
    sink.outbox.path = spool + (spool.ends_with('/') ? "" : "/") + sink.name;
}

void SettingsReader::check_lines(const SinkSettings& sink) {
    const std::string prefix = sink_prefix(sink.name);
    const bool is_directory = is_directory_path(sink.lines.path);
    for (const Key<SinkSettings>& key : sink_keys(sink.type))
        if (is_of_a_directory(key.name))
            check(
                prefix + key.name, !is_directory,
                fmt::format("goes with a directory of event files, and the path {} is none: end it with a /",
                            quote_for_terminal(sink.lines.path)));
}

void SettingsReader::check_otlp(const SinkSettings& sink) {
    const std::string prefix = sink_prefix(sink.name);
    const bool is_http = sink.otlp.protocol != OtlpProtocol::kGrpc;
    check(prefix + "endpoint", is_http && sink.base_endpoint.ends_with("/v1/logs"),
          "/v1/logs is appended to it: leave that away, or call the key logs_endpoint");
    const bool has_certificate = !sink.otlp.certificate_path.empty(), has_key = !sink.otlp.key_path.empty();
    check(prefix + "tls.certificate", has_certificate && !has_key, "needs its key too: tls.key");
    check(prefix + "tls.key", has_key && !has_certificate, "needs its certificate too: tls.certificate");
    check(prefix + "retry.first", sink.outbox.retry_first_ns > sink.outbox.retry_most_ns,
          "is longer than retry.most");
}

/// Two that write into one place would cut each other's lines.
void SettingsReader::check_outputs() {
    std::map<std::string, std::string> writer;  // by path
    for (const SinkSettings& sink : read_.settings.sinks) {
        if (sink.type != SinkType::kJsonLines) continue;
        const auto [first, is_new] = writer.emplace(sink.lines.path, sink.name);
        const std::string path = fmt::format("{}path", sink_prefix(sink.name));
        check(find_given(path) ? path : fmt::format("{}name", sink_prefix(sink.name)), !is_new,
              fmt::format("sink '{}' writes to {} already", first->second, quote_for_terminal(first->first)));
    }
}

void SettingsReader::check_profile() {
    const Settings& s = read_.settings;
    const bool is_forensic = s.profile == Profile::kForensic;
    check("profile", is_forensic && (s.forensic_ns == 0 || s.forensic_reason.empty()),
          "forensic tells everything about everybody: say for how long in forensic.for, and why in "
          "forensic.reason");
    check("forensic.for", !is_forensic && s.forensic_ns != 0, "goes with profile: forensic");
    check("forensic.reason", !is_forensic && !s.forensic_reason.empty(), "goes with profile: forensic");
    const std::pair<const char*, std::optional<double>> limits[] = {{"budget.max_events", s.max_events_per_s},
                                                                    {"budget.max_bytes", s.max_bytes_per_day},
                                                                    {"budget.max_cpu", s.max_cpu_percent}};
    for (const auto& [key, limit] : limits)
        check(key, is_forensic && limit.value_or(0) > 0,
              "profile forensic tells everything, whatever it costs: none, or another profile");
}

}  // namespace whodid
