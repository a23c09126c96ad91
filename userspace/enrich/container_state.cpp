// SPDX-License-Identifier: Apache-2.0
// Parsers of the container runtimes' files.
#include "enrich/container_state.h"

#include <initializer_list>
#include <nlohmann/json.hpp>

#include "enrich/scan.h"

namespace whodid {
namespace {

using Json = nlohmann::json;
using Keys = std::initializer_list<const char*>;

// Without exceptions: what cannot be read is `discarded`, which has no members.
Json parse(std::string_view text) { return Json::parse(text.begin(), text.end(), nullptr, false); }

const Json& member(const Json& object, const char* key) {
    static const Json kNone;
    if (!object.is_object()) return kNone;
    const auto found = object.find(key);
    return found == object.end() ? kNone : *found;
}

std::string text(const Json& value) {
    constexpr std::size_t kTextMax = 512;
    const std::string* string = value.get_ptr<const std::string*>();
    return string && string->size() <= kTextMax ? *string : std::string();
}

// The first of these that is there: runtimes have names of their own for one thing.
std::string first_text(const Json& object, Keys keys) {
    for (const char* key : keys)
        if (std::string found = text(member(object, key)); !found.empty()) return found;
    return {};
}

// Labels of Docker, annotations of an OCI bundle.
void read_kubernetes(const Json& labels, ContainerState& state) {
    state.pod_name = first_text(labels, {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"});
    state.pod_namespace =
        first_text(labels, {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"});
    state.pod_uid = first_text(labels, {"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"});
    const std::string name =
        first_text(labels, {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"});
    if (!name.empty()) state.name = name;
}

}  // namespace

std::optional<ContainerState> parse_docker_config(std::string_view json) {
    const Json config = parse(json);
    if (!config.is_object()) return std::nullopt;
    ContainerState state;
    const std::string path = text(member(config, "Name"));  // "/web"
    std::string_view name = path;
    consume(name, "/");
    state.name = name;
    state.image = text(member(member(config, "Config"), "Image"));
    read_kubernetes(member(member(config, "Config"), "Labels"), state);
    return state;
}

std::optional<ContainerState> parse_storage_list(std::string_view json, std::string_view id) {
    const Json list = parse(json);
    if (!list.is_array()) return std::nullopt;
    for (const Json& container : list) {
        if (text(member(container, "id")) != id) continue;
        ContainerState state;
        const Json& names = member(container, "names");
        if (names.is_array() && !names.empty()) state.name = text(names.front());
        const std::string* metadata = member(container, "metadata").get_ptr<const std::string*>();
        if (metadata) state.image = text(member(parse(*metadata), "image-name"));
        return state;
    }
    return std::nullopt;
}

std::optional<ContainerState> parse_oci_config(std::string_view json) {
    const Json config = parse(json);
    if (!member(config, "ociVersion").is_string()) return std::nullopt;
    const Json& annotations = member(config, "annotations");
    ContainerState state;
    state.name = text(member(annotations, "nerdctl/name"));
    state.image = first_text(annotations, {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"});
    read_kubernetes(annotations, state);
    return state;
}

}  // namespace whodid
