// SPDX-License-Identifier: Apache-2.0
// Parser of cgroup paths: the front is read as systemd's slices and unit, the rest from the leaf for a
// container.
#include "enrich/cgroup_path.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "enrich/scan.h"

namespace whodid {
namespace {

constexpr std::size_t kMaxPath = 4096;  // PATH_MAX

using Components = std::vector<std::string_view>;

Components split(std::string_view path) {
    Components components;
    while (!path.empty()) {
        const std::string_view component = take_until(path, '/');
        if (!component.empty() && component != "." && component != "..") components.push_back(component);
    }
    return components;
}

// systemd puts '_' before a name that the kernel could take for one of its own files (cg_escape).
std::string_view unescape(std::string_view component) {
    consume(component, "_");
    return component;
}

bool is_container_id(std::string_view text) {
    const auto is_lower_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == 64 && std::all_of(text.begin(), text.end(), is_lower_hex);
}

// Names of containers that people choose, and of pods that a static manifest chooses.
bool is_name(std::string_view text) {
    const auto known = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), known);
}

// ---- systemd: slices, unit, session

bool is_unit(std::string_view name) {
    constexpr std::string_view kTypes[] = {".service", ".scope", ".socket", ".mount", ".swap"};
    return std::any_of(std::begin(kTypes), std::end(kTypes), [&](std::string_view type) {
        return name.size() > type.size() && name.ends_with(type);
    });
}

// "4" of "session-4.scope"
std::string_view between(std::string_view text, std::string_view prefix, std::string_view suffix) {
    if (!consume(text, prefix) || !consume_back(text, suffix)) return {};
    return text;
}

// The index of the first component that is no slice.
std::size_t skip_slices(const Components& components, std::size_t from) {
    while (from < components.size() && components[from].ends_with(".slice")) from++;
    return from;
}

void read_system_unit(const Components& components, std::size_t at, CgroupInfo& info) {
    const std::string_view unit = at < components.size() ? unescape(components[at]) : std::string_view{};
    if (is_unit(unit)) info.systemd_unit = unit;
    if (components.empty() || components[0] != "user.slice") return;
    const std::string_view session = between(unit, "session-", ".scope");
    if (is_name(session)) info.session = session;
    if (components.size() > 1) info.user_uid = parse_id(between(components[1], "user-", ".slice"));
}

// Inside user@UID.service a second manager has slices and units of its own.
void read_user_manager(const Components& components, std::size_t at, CgroupInfo& info) {
    const auto uid = parse_id(between(info.systemd_unit, "user@", ".service"));
    if (!uid) return;
    if (!info.user_uid) info.user_uid = uid;
    const std::size_t unit = skip_slices(components, at + 1);
    if (unit < components.size() && is_unit(components[unit])) info.user_unit = unescape(components[unit]);
}

// ---- containers

struct Prefix {
    std::string_view text;
    std::string_view runtime;
};

// A prefix stands before one that it begins with. crio-conmon- and libpod-conmon- are the monitors, on the
// host's side: their "conmon-..." is no id, so they match nothing.
constexpr Prefix kPrefixes[] = {
    {"docker-", "docker"},
    {"crio-", "cri-o"},
    {"cri-containerd-", "containerd"},
    {"nerdctl-", "containerd"},
    {"libpod-payload-", "podman"},
    {"libpod-", "podman"},
};

bool set_container(CgroupInfo& info, std::string_view id, std::string_view runtime) {
    info.container_id = id;
    info.runtime = runtime;
    return true;
}

bool read_prefixed(std::string_view name, CgroupInfo& info) {
    consume_back(name, ".scope");
    for (const Prefix& prefix : kPrefixes) {
        std::string_view id = name;
        if (consume(id, prefix.text) && is_container_id(id)) return set_container(info, id, prefix.runtime);
    }
    return false;
}

// "kubepods-burstable-pod1_2.slice:cri-containerd:ID": a systemd path given to the cgroupfs driver.
bool read_colon_form(std::string_view name, CgroupInfo& info) {
    constexpr std::string_view kContainerd = ":cri-containerd:";
    const std::size_t at = name.find(kContainerd);
    if (at == name.npos || !is_container_id(name.substr(at + kContainerd.size()))) return false;
    return set_container(info, name.substr(at + kContainerd.size()), "containerd");
}

bool is_pod_directory(std::string_view name) { return consume(name, "pod") && is_name(name); }

// A bare id: the last component, or below docker/, libpod_parent/ or pod<uid>/ with groups of its own inside.
bool read_bare_id(const Components& components, std::size_t at, CgroupInfo& info) {
    if (!is_container_id(components[at])) return false;
    const std::string_view parent = at > 0 ? components[at - 1] : std::string_view{};
    if (parent == "docker") return set_container(info, components[at], "docker");
    if (at + 1 != components.size() && !is_pod_directory(parent)) return false;
    return set_container(info, components[at], {});
}

// /lxc/NAME, /lxc.payload/NAME, /lxc.payload.NAME; lxc.monitor is the host's side.
bool read_lxc(const Components& components, std::size_t at, CgroupInfo& info) {
    std::string_view name = components[at];
    const bool below = at > 0 && (components[at - 1] == "lxc" || components[at - 1] == "lxc.payload");
    if (!below && !consume(name, "lxc.payload.")) return false;
    return is_name(name) && set_container(info, name, "lxc");
}

// /k8s.io/NAME and /default/NAME, as `ctr run` and the cgroupfs driver of containerd make them.
bool read_containerd_name(const Components& components, std::size_t at, CgroupInfo& info) {
    if (at != 1 || (components[0] != "k8s.io" && components[0] != "default")) return false;
    return is_name(components[1]) && set_container(info, components[1], "containerd");
}

bool read_nspawn(std::string_view name, CgroupInfo& info) {
    const std::string_view machine = between(name, "systemd-nspawn@", ".service");
    return is_name(machine) && set_container(info, machine, "systemd-nspawn");
}

bool read_container_at(const Components& components, std::size_t at, CgroupInfo& info) {
    const std::string_view name = unescape(components[at]);
    return read_prefixed(name, info) || read_colon_form(name, info) || read_lxc(components, at, info) ||
           read_containerd_name(components, at, info) || read_nspawn(name, info) ||
           read_bare_id(components, at, info);
}

std::optional<std::size_t> read_container(const Components& components, CgroupInfo& info) {
    for (std::size_t at = components.size(); at-- > 0;) {
        if (read_container_at(components, at, info)) return at;
    }
    return std::nullopt;
}

// ---- pods

// kubepods[-burstable|-besteffort]-pod<uid with _ for ->.slice of the systemd driver, pod<uid> below kubepods
// of the cgroupfs driver.
std::string pod_uid_of(std::string_view name, bool below_kubepods) {
    std::string_view uid = name.substr(0, name.find(':'));
    consume(uid, "kubelet-");
    if (consume(uid, "kubepods-") && consume_back(uid, ".slice")) {
        if (!consume(uid, "burstable-")) consume(uid, "besteffort-");
    } else {
        uid = below_kubepods ? name : std::string_view{};
    }
    if (!consume(uid, "pod") || !is_name(uid)) return {};
    std::string text(uid);
    std::replace(text.begin(), text.end(), '_', '-');
    return text;
}

std::optional<std::size_t> read_pod(const Components& components, CgroupInfo& info) {
    std::optional<std::size_t> found;
    bool below_kubepods = false;
    for (std::size_t at = 0; at < components.size(); at++) {
        std::string uid = pod_uid_of(components[at], below_kubepods);
        if (!uid.empty()) {
            info.pod_uid = std::move(uid);
            found = at;
        }
        below_kubepods = below_kubepods || components[at] == "kubepods";
    }
    return found;
}

}  // namespace

CgroupInfo parse_cgroup_path(std::string_view path) {
    CgroupInfo info;
    if (path.size() > kMaxPath) return info;
    const Components components = split(path);
    const std::size_t unit_at = skip_slices(components, 0);
    read_system_unit(components, unit_at, info);
    read_user_manager(components, unit_at, info);
    const auto container = read_container(components, info);
    const auto pod = read_pod(components, info);
    if (info.systemd_unit.starts_with("user@")) info.user_controlled = container > unit_at || pod > unit_at;
    return info;
}

}  // namespace whodid
