// SPDX-License-Identifier: Apache-2.0
// Cgroup paths of the container runtimes, of systemd and of people who make directories.
#include "enrich/cgroup_path.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

const std::string kId = "4f1c0f9e3d1b6f0c7f0a5d2e8b9c6a7d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b";
const std::string kOther = "00000000000000000000000000000000000000000000000000000000000000ff";
const std::string kPodUid = "2cc72d33-1b6c-4a4a-9d0e-5c6b7a8f9e01";
const std::string kPodSlice = "2cc72d33_1b6c_4a4a_9d0e_5c6b7a8f9e01";

TEST(CgroupPath, Containers) {
    const struct {
        std::string path, id, runtime, pod;
    } cases[] = {
        {"/system.slice/docker-" + kId + ".scope", kId, "docker", ""},
        {"/docker/" + kId, kId, "docker", ""},
        {"/docker/" + kId + "/init.scope", kId, "docker", ""},
        {"/docker/" + kOther + "/docker/" + kId, kId, "docker", ""},
        {"/system.slice/nerdctl-" + kId + ".scope", kId, "containerd", ""},
        {"/k8s.io/redis", "redis", "containerd", ""},
        {"/default/" + kId, kId, "containerd", ""},
        {"/machine.slice/libpod-" + kId + ".scope/container", kId, "podman", ""},
        {"/machine.slice/libpod-" + kId + ".scope", kId, "podman", ""},
        {"/libpod_parent/libpod-" + kId, kId, "podman", ""},
        {"/system.slice/web.service/libpod-payload-" + kId, kId, "podman", ""},
        {"/machine.slice/libpod-conmon-" + kId + ".scope", "", "", ""},
        {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kPodSlice +
             ".slice/cri-containerd-" + kId + ".scope",
         kId, "containerd", kPodUid},
        {"/kubepods.slice/kubepods-pod" + kPodSlice + ".slice/crio-" + kId + ".scope", kId, "cri-o", kPodUid},
        {"/kubepods.slice/kubepods-pod" + kPodSlice + ".slice/crio-conmon-" + kId + ".scope", "", "",
         kPodUid},
        {"/kubepods/besteffort/pod" + kPodUid + "/" + kId, kId, "", kPodUid},
        {"/kubepods/pod" + kPodUid + "/" + kId + "/system.slice/cron.service", kId, "", kPodUid},
        {"/kubepods/burstable/pod" + kPodUid + "/crio-" + kId, kId, "cri-o", kPodUid},
        {"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" + kId, kId, "",
         "0123456789abcdef0123456789abcdef"},
        {"/system.slice/containerd.service/kubepods-besteffort-pod" + kPodSlice +
             ".slice:cri-containerd:" + kId,
         kId, "containerd", kPodUid},
        {"/docker/" + kOther +
             "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
             "kubelet-kubepods-besteffort-pod" +
             kPodSlice + ".slice/cri-containerd-" + kId + ".scope",
         kId, "containerd", kPodUid},
        {"/lxc/web1", "web1", "lxc", ""},
        {"/lxc.payload.web1/system.slice/cron.service", "web1", "lxc", ""},
        {"/lxc.payload/web1/init.scope", "web1", "lxc", ""},
        {"/lxc.monitor.web1", "", "", ""},
        {"/machine.slice/systemd-nspawn@build.service/payload", "build", "systemd-nspawn", ""},
        {"/ecs/0123456789abcdef/" + kId, kId, "", ""},
        {"/system.slice/cron.service", "", "", ""},
        {"/", "", "", ""},
        {"", "", "", ""},
    };
    for (const auto& c : cases) {
        const CgroupInfo info = parse_cgroup_path(c.path);
        EXPECT_EQ(info.container_id, c.id) << c.path;
        EXPECT_EQ(info.runtime, c.runtime) << c.path;
        EXPECT_EQ(info.pod_uid, c.pod) << c.path;
        EXPECT_FALSE(info.user_controlled) << c.path;
    }
}

TEST(CgroupPath, UnitsAndSessions) {
    const struct {
        const char *path, *unit, *user_unit, *session;
        std::optional<std::uint32_t> uid;
    } cases[] = {
        {"/system.slice/cron.service", "cron.service", "", "", {}},
        {"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "", "", {}},
        {"/system.slice/_cpu.service", "cpu.service", "", "", {}},
        {"/init.scope", "init.scope", "", "", {}},
        {"/user.slice/user-1000.slice/session-4.scope", "session-4.scope", "", "4", 1000},
        {"/user.slice/user-1000.slice/session-c1.scope", "session-c1.scope", "", "c1", 1000},
        {"/user.slice/user-0.slice/session-12.scope/sub", "session-12.scope", "", "12", 0},
        {"/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "init.scope", "",
         1000},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome.slice/vim.service",
         "user@1000.service", "vim.service", "", 1000},
        {"/user.slice/user-1000.slice", "", "", "", 1000},
        {"/user.slice", "", "", "", {}},
        {"/docker/x", "", "", "", {}},
        {"system.slice/cron.service/../../x", "cron.service", "", "", {}},
    };
    for (const auto& c : cases) {
        const CgroupInfo info = parse_cgroup_path(c.path);
        EXPECT_EQ(info.systemd_unit, c.unit) << c.path;
        EXPECT_EQ(info.user_unit, c.user_unit) << c.path;
        EXPECT_EQ(info.session, c.session) << c.path;
        EXPECT_EQ(info.user_uid, c.uid) << c.path;
    }
}

TEST(CgroupPath, Trap01_UnsetUid) {
    EXPECT_FALSE(parse_cgroup_path("/user.slice/user-4294967295.slice/session-1.scope").user_uid);
    EXPECT_FALSE(parse_cgroup_path("/user.slice/user-1-2.slice/session-1.scope").user_uid);
}

// Below user@UID.service every name is the user's.
TEST(CgroupPath, Trap12_UserMadeDirectories) {
    const std::string user = "/user.slice/user-1000.slice/user@1000.service/";
    const CgroupInfo rootless = parse_cgroup_path(user + "user.slice/libpod-" + kId + ".scope/container");
    EXPECT_EQ(rootless.container_id, kId);
    EXPECT_TRUE(rootless.user_controlled);

    EXPECT_TRUE(parse_cgroup_path(user + "kubepods/pod" + kPodUid).user_controlled);
    EXPECT_FALSE(parse_cgroup_path(user + "app.slice/vim.service").user_controlled);

    const CgroupInfo session = parse_cgroup_path(user + "session-1.scope");
    EXPECT_EQ(session.session, "");
    EXPECT_EQ(session.systemd_unit, "user@1000.service");
    EXPECT_EQ(parse_cgroup_path(user + "user-0.slice/session-1.scope").user_uid, 1000u);
    EXPECT_EQ(parse_cgroup_path("/system.slice/evil.service/user.slice/user-0.slice/session-1.scope").session,
              "");
}

TEST(CgroupPath, NotAnId) {
    std::string upper = kId;
    upper[1] = 'F';
    const std::string paths[] = {
        "/docker/" + kId.substr(1),
        "/docker/" + kId + "0",
        "/docker/" + upper,
        "/system.slice/docker-.scope",
        "/x/" + kId + "/y",
        "/lxc/a b",
        "/lxc.payload.",
        "/pod1/pod2",
    };
    for (const std::string& path : paths) {
        const CgroupInfo info = parse_cgroup_path(path);
        EXPECT_EQ(info.container_id, "") << path;
        EXPECT_EQ(info.pod_uid, "") << path;
    }
    EXPECT_EQ(parse_cgroup_path("/docker/" + kId + std::string(5000, '/')), CgroupInfo{});
}

}  // namespace
}  // namespace whodid
