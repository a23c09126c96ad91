// SPDX-License-Identifier: Apache-2.0
// What a cgroup path says about a process: container, pod, systemd unit, login session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// A field the path does not tell is empty. Below a user's manager (user@UID.service) the user makes
/// directories as they like, so a container or pod found there is theirs to forge: `user_controlled`.
struct CgroupInfo {
    std::string container_id;  // 64 hex digits; a name for lxc, systemd-nspawn and ctr
    std::string runtime;  // "docker", "containerd", "cri-o", "podman", "lxc", "systemd-nspawn"; empty for a
                          // bare id of the cgroupfs driver, whose maker the path does not name
    std::string pod_uid;  // with dashes; 32 hex digits for a static pod
    std::string
        systemd_unit;       // of the system manager: "cron.service", "session-4.scope", "user@1000.service"
    std::string user_unit;  // of the user's manager, inside user@UID.service: "tmux-spawn-1f.scope"
    std::string session;    // logind's session id, "4" or "c1"; not the audit session
    std::optional<std::uint32_t> user_uid;  // from user-UID.slice or user@UID.service
    bool user_controlled = false;

    bool operator==(const CgroupInfo&) const = default;
};

/// `path` is absolute from the root of the cgroup hierarchy ("/system.slice/cron.service"), any version. The
/// container is the component nearest to the leaf that names one; the rules are those of tracee and tetragon
/// for docker-, cri-containerd-, crio-, libpod-, nerdctl- and the cgroupfs driver. Unit and session follow
/// systemd's cg_path_get_unit: slices, then the first unit. Linear; a path above 4096 bytes gives nothing.
CgroupInfo parse_cgroup_path(std::string_view path);

}  // namespace whodid
