// SPDX-License-Identifier: Apache-2.0
// The one table of what can be configured: files, environment, documents and `whodid config` go by it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace whodid {

enum class KeyType {
    kText,
    kBool,
    kChoice,
    kDuration,
    kSize,
    kCount,
    kRate,
    kPath,         // absolute in a file, or "none"
    kPaths,        // a list of them
    kPlace,        // of a socket, a file or an address, as `accepted` says
    kUrl,          //
    kExpressions,  // a list of filters
    kHeaders,      // a map
    kAttributes,   // the same
};

std::string_view type_name(KeyType type);
constexpr bool is_list(KeyType type) { return type == KeyType::kPaths || type == KeyType::kExpressions; }
constexpr bool is_map(KeyType type) { return type == KeyType::kHeaders || type == KeyType::kAttributes; }

/// What is said of a key.
struct KeyText {
    std::string name;  // dotted; of a sink's: from the sink on
    KeyType type = KeyType::kText;
    std::string fallback;  // as YAML
    std::string accepted;  // for whoever gave something else; empty: the value's own Error says it
    std::string doc;
};

template <class T>
struct Key : KeyText {
    /// Takes a value; of a list or map one item, with its name in the map.
    std::function<Result<void>(T&, std::string_view name, std::string_view text)> take;
    /// Of a list or map: takes what there is away.
    std::function<void(T&)> clear;
    std::function<bool(const T&, const T&)> same;
};

/// In the order of the shipped file.
const std::vector<Key<Settings>>& settings_keys();

/// What every sink has, and says first: its name and type.
const std::vector<KeyText>& sink_identity_keys();
/// What a sink of this type can be told besides.
const std::vector<Key<SinkSettings>>& sink_keys(SinkType type);

std::string_view sink_type_name(SinkType type);
std::optional<SinkType> find_sink_type(std::string_view name);

/// Whether a jsonl sink's path is a directory of event files: most of its keys are of that alone.
bool is_directory_path(std::string_view path);
bool is_of_a_directory(std::string_view key);

/// The keys in which two configurations differ, "budget.max_cpu", "sinks.files.keep.age"; "sinks.files" where
/// only one of them has the sink, or another type of it.
std::vector<std::string> changed_keys(const Settings& before, const Settings& after);

}  // namespace whodid
