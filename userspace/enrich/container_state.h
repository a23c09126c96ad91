// SPDX-License-Identifier: Apache-2.0
// What container runtimes write about a container: its name, its image, its pod.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// What is not told is empty. A text above 512 bytes, or one that is not UTF-8, is none.
struct ContainerState {
    std::string name, image;
    std::string pod_name, pod_namespace, pod_uid;  // Kubernetes
    bool operator==(const ContainerState&) const = default;
};

/// Docker: /var/lib/docker/containers/ID/config.v2.json. Nothing when it is no such file.
std::optional<ContainerState> parse_docker_config(std::string_view json);

/// containers/storage (podman): containers.json, a list. Nothing when `id` is not in it.
std::optional<ContainerState> parse_storage_list(std::string_view json, std::string_view id);

/// config.json of an OCI bundle (containerd, CRI-O): what the runtime above put into its annotations. Nothing
/// when it is no such file; without annotations everything is empty.
std::optional<ContainerState> parse_oci_config(std::string_view json);

}  // namespace whodid
