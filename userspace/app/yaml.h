// SPDX-License-Identifier: Apache-2.0
// YAML as a small tree that knows where everything stood.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace whodid {

constexpr std::size_t kYamlBytesMax = 1 << 20, kYamlDepthMax = 32, kYamlNodesMax = 1 << 14;

/// In a file: both from 1, the column in bytes.
struct Place {
    std::size_t line = 1, column = 1;
};

struct YamlNode {
    enum class Sort { kNull, kText, kList, kMap };
    Sort sort = Sort::kNull;
    Place at;
    std::string text;             // of kText, without its quotes
    std::vector<YamlNode> items;  // of kList and kMap, in the file's order
    std::string key;              // of a map's item: unlike those of its siblings
    Place key_at;
};

/// One document; an empty one is a kNull. Refused, besides what is no YAML: more than kYamlBytesMax,
/// kYamlDepthMax levels or kYamlNodesMax nodes, bytes that are not UTF-8, control characters, anchors and
/// aliases, tags, keys that are not text, a key that its map already has, and a second document.
/// The Error (EINVAL) is one line, "name:line:column: what is wrong".
Result<YamlNode> parse_yaml(std::string_view text, std::string_view name);

/// `text` as YAML for one scalar: as it is, or in double quotes where it would be read as something else.
std::string yaml_text(std::string_view text);

}  // namespace whodid
