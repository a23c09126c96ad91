// SPDX-License-Identifier: Apache-2.0
// Names of fields and kinds.
#include "filter/resolve.h"

#include <fmt/format.h>

#include "base/nearest.h"

namespace whodid {

namespace {

bool kind_matches(const Kind& kind, std::string_view wanted) {
    const std::size_t dot = kind.name.find('.');
    return kind.name == wanted || kind.name.substr(0, dot) == wanted || kind.name.substr(dot + 1) == wanted;
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

}  // namespace whodid
