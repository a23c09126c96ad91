// SPDX-License-Identifier: Apache-2.0
// Reads what a host's files tell of a container.
#include "enrich/container_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "enrich/id_map.h"
#include "enrich/mount_table.h"
#include "enrich/passwd.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

// ---- the runtime's state

// Where runtimes keep their state: the system's, or a user's below their home.
struct Store {
    std::string home, docker, storage;  // home empty: the system's
};

std::string home_of(const Host& host, std::uint32_t uid) {
    const auto passwd = host.read_file("/etc/passwd");
    if (!passwd) return {};
    const auto users = parse_passwd(*passwd).entries;
    const auto user = std::ranges::find(users, uid, &PasswdEntry::uid);
    return user != users.end() && user->home.starts_with('/') ? user->home : std::string();
}

std::optional<Store> store_of(const Host& host, const ContainerQuestion& asked) {
    if (!asked.owner) return Store{"", "/var/lib/docker", "/var/lib/containers/storage"};
    const std::string home = home_of(host, *asked.owner);
    if (home.empty()) return std::nullopt;
    return Store{home, "/.local/share/docker", "/.local/share/containers/storage"};
}

// Users arrange their homes as they like; the system's directories may be links to a larger disk.
Result<std::string> read_stored(const Host& host, const Store& store, const std::string& path) {
    return store.home.empty() ? host.read_file(path) : host.read_file_below(store.home, path);
}

std::optional<ContainerState> find_docker(const Host& host, const Store& store, const std::string& id) {
    const auto text =
        read_stored(host, store, fmt::format("{}/containers/{}/config.v2.json", store.docker, id));
    return text ? parse_docker_config(*text) : std::nullopt;
}

// A directory for each storage driver: overlay-containers, vfs-containers, btrfs-containers. What is not
// meant to survive a boot is listed apart, since podman 4.4.
std::optional<ContainerState> find_podman(const Host& host, const Store& store, const std::string& id) {
    for (const char* driver : {"overlay", "vfs", "btrfs", "zfs"})
        for (const char* name : {"containers.json", "volatile-containers.json"}) {
            const auto text =
                read_stored(host, store, fmt::format("{}/{}-containers/{}", store.storage, driver, name));
            if (auto state = text ? parse_storage_list(*text, id) : std::nullopt) return state;
        }
    return std::nullopt;
}

std::optional<ContainerState> find_bundle(const Host& host, const std::string& path) {
    const auto text = host.read_file(path);
    return text ? parse_oci_config(*text) : std::nullopt;
}

// A directory for each of containerd's namespaces.
std::optional<ContainerState> find_containerd(const Host& host, const std::string& id) {
    for (const char* run : {"/run/containerd", "/run/k3s/containerd"}) {
        const std::string tasks = fmt::format("{}/io.containerd.runtime.v2.task", run);
        for (const std::string& ns : host.list(tasks))
            if (auto state = find_bundle(host, fmt::format("{}/{}/{}/config.json", tasks, ns, id)))
                return state;
    }
    return std::nullopt;
}

std::optional<ContainerState> find_crio(const Host& host, const std::string& id) {
    for (const char* base : {"/run/containers/storage", "/var/lib/containers/storage"})
        if (auto state =
                find_bundle(host, fmt::format("{}/overlay-containers/{}/userdata/config.json", base, id)))
            return state;
    return std::nullopt;
}

void read_state(const Host& host, const ContainerQuestion& asked, ContainerAnswer& answer) {
    const auto store = store_of(host, asked);
    if (!store) return;
    // The bare id of a cgroupfs driver may be anybody's.
    const auto is_of = [&](std::string_view runtime) {
        return !answer.state && (asked.runtime.empty() || asked.runtime == runtime);
    };
    const auto take = [&](std::string_view runtime, std::optional<ContainerState> found) {
        if (!found) return;
        answer.state = std::move(found);
        answer.runtime = runtime;
    };
    if (!asked.owner && is_of("containerd")) take("containerd", find_containerd(host, asked.id));
    if (!asked.owner && is_of("cri-o")) take("cri-o", find_crio(host, asked.id));
    if (is_of("docker")) take("docker", find_docker(host, *store, asked.id));
    if (is_of("podman")) take("podman", find_podman(host, *store, asked.id));
}

// ---- its own accounts and mounts

// Field 22 of /proc/PID/stat, in clock ticks since the boot; the name in field 2 may have blanks and ')'.
std::optional<std::uint64_t> start_ticks(std::string_view stat) {
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == stat.npos) return std::nullopt;
    stat.remove_prefix(name_end + 2);
    for (int field = 3; field < 22; ++field) take_until(stat, ' ');
    return parse_decimal<std::uint64_t>(take_until(stat, ' '));
}

// Still the process that was meant, in the namespace that was meant, its root that namespace's: not in a
// chroot, whose files are others.
bool is_there(const Host& host, const ContainerQuestion& asked, const std::string& process) {
    static const std::uint64_t kTickNs = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    const auto stat = host.read_file(process + "/stat");
    return stat && start_ticks(*stat) == asked.start_ns / kTickNs &&
           host.link(process + "/ns/mnt") == fmt::format("mnt:[{}]", asked.mount_ns) &&
           host.link(process + "/root") == "/";
}

// Who serves such a file system may never answer.
bool is_served_by_others(const Mount* mount) {
    constexpr std::string_view kTypes[] = {"fuse", "nfs", "cifs", "smb", "9p", "ceph", "afs", "autofs"};
    const auto is_type = [&](std::string_view type) { return mount->type.starts_with(type); };
    return !mount || std::ranges::any_of(kTypes, is_type);
}

bool may_be_read(const MountTable& mounts) {
    constexpr std::string_view kWay[] = {"/", "/etc", "/etc/passwd", "/etc/group"};
    return std::ranges::none_of(
        kWay, [&](std::string_view path) { return is_served_by_others(mounts.covering(path)); });
}

template <class Entries, class Id>
AccountNames names_of(const Entries& entries, Id id, const IdMap& map) {
    constexpr std::size_t kAccountsMax = 1024;
    AccountNames names;
    for (const auto& entry : entries) {
        if (names.size() >= kAccountsMax) break;
        if (const auto host = map.to_host(entry.*id)) names.try_emplace(*host, entry.name);
    }
    return names;
}

void read_accounts(const Host& host, const std::string& process, ContainerView& view) {
    const std::string root = process + "/root";
    const auto uids = host.read_file(process + "/uid_map"), gids = host.read_file(process + "/gid_map");
    const auto passwd = host.read_file_below(root, "/etc/passwd");
    const auto group = host.read_file_below(root, "/etc/group");
    if (uids && passwd) view.users = names_of(parse_passwd(*passwd).entries, &PasswdEntry::uid, IdMap(*uids));
    if (gids && group) view.groups = names_of(parse_group(*group).entries, &GroupEntry::gid, IdMap(*gids));
}

// A process in the host's mount namespace. The sensor itself has left it where it had to mount tracefs, and
// in a sandbox process 1 may not be looked at.
std::string host_process(const Host& host, std::uint32_t mount_ns) {
    const std::string wanted = fmt::format("mnt:[{}]", mount_ns);
    std::vector<std::string> names = {"self", "1"};
    for (const std::string& name : host.list("/proc"))
        if (parse_id(name)) names.push_back(name);
    const auto found = std::ranges::find_if(
        names, [&](const std::string& name) { return host.link("/proc/" + name + "/ns/mnt") == wanted; });
    return "/proc/" + (found == names.end() ? "1" : *found);
}

// Asked for before and after: a number that was used again in between is noticed.
std::shared_ptr<const ContainerView> read_view(const Host& host, const ContainerQuestion& asked) {
    constexpr std::size_t kMountsMax = 1024;
    const std::string process = fmt::format("/proc/{}", asked.pid);
    if (!is_there(host, asked, process)) return nullptr;
    auto view = std::make_shared<ContainerView>();
    view->mount_ns = asked.mount_ns;
    const auto mounts = host.read_file(process + "/mountinfo");
    const auto host_mounts = host.read_file(host_process(host, asked.host_mount_ns) + "/mountinfo");
    const MountTable inside(mounts ? std::string_view(*mounts) : std::string_view(), kMountsMax);
    if (host_mounts) view->directories = shared_directories(inside, MountTable(*host_mounts));
    if (may_be_read(inside)) read_accounts(host, process, *view);
    return is_there(host, asked, process) ? view : nullptr;
}

}  // namespace

ContainerAnswer read_container(const Host& host, const ContainerQuestion& asked) {
    ContainerAnswer answer;
    answer.number = asked.number;
    read_state(host, asked, answer);
    answer.view = read_view(host, asked);
    return answer;
}

}  // namespace whodid
