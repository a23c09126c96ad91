// SPDX-License-Identifier: Apache-2.0
// Mount tables of containers, as runc and others leave them, beside the host's.
#include "enrich/mount_table.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

constexpr std::uint32_t dev(std::uint32_t major, std::uint32_t minor) { return major << 20 | minor; }

constexpr std::string_view kHost =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "40 27 254:16 / /data rw,relatime shared:2 master:1 - xfs /dev/vdb rw\n"
    "41 27 0:55 / /var/lib/docker/overlay2/f3a9/merged rw - overlay overlay rw,lowerdir=a,upperdir=b\n"
    "42 27 254:0 /srv/deep /mnt/bound rw - ext4 /dev/vda rw\n";

std::string paths_of(const std::vector<SharedDirectory>& directories) {
    std::string text;
    for (const SharedDirectory& d : directories) text += d.inside + "=" + d.host + "\n";
    return text;
}

TEST(MountTable, ReadsLines) {
    const MountTable table(kHost);
    ASSERT_EQ(table.mounts().size(), 5u);
    const Mount& data = table.mounts()[2];
    EXPECT_EQ(data.id, 40u);
    EXPECT_EQ(data.parent, 27u);
    EXPECT_EQ(data.dev, dev(254, 16));
    EXPECT_EQ(data.root, "/");
    EXPECT_EQ(data.point, "/data");
    EXPECT_EQ(data.type, "xfs");
}

TEST(MountTable, NamesWithBlanks) {
    const MountTable table(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 8:2 / /media/my\\040disk\\134 rw - vfat x rw\n");
    ASSERT_EQ(table.mounts().size(), 2u);
    EXPECT_EQ(table.mounts()[1].point, "/media/my disk\\");
}

TEST(MountTable, LeavesOutWhatIsMalformed) {
    for (const char* line : {"", "x", "1 0 8:1", "1 0 8 / / rw - ext4 x rw", "1 0 4096:1 / / rw - ext4 x rw",
                             "1 0 8:1048576 / / rw - ext4 x rw", "-1 0 8:1 / / rw - ext4 x rw",
                             "1 0 8:1 / relative rw - ext4 x rw", "1 0 8:1 / / rw ext4 x rw"})
        EXPECT_TRUE(MountTable(line).mounts().empty()) << line;
    EXPECT_EQ(MountTable(kHost, 2).mounts().size(), 2u);
}

TEST(MountTable, CoveringFollowsTheWayToAPath) {
    const MountTable host(kHost);
    const auto type_at = [&](const char* path) { return host.covering(path)->type; };
    EXPECT_EQ(type_at("/"), "ext4");
    EXPECT_EQ(type_at("/proc"), "proc");
    EXPECT_EQ(type_at("/proc/1/stat"), "proc");
    EXPECT_EQ(type_at("/processes"), "ext4");
    EXPECT_EQ(type_at("/data/x"), "xfs");
}

TEST(MountTable, WhatIsCoveredIsNotFound) {
    const MountTable table(
        "1 0 8:1 / / rw - ext4 a rw\n"
        "2 1 8:2 / /mnt rw - xfs b rw\n"
        "3 2 8:3 / /mnt/sub rw - btrfs c rw\n"
        "4 2 8:4 / /mnt rw - tmpfs d rw\n");  // over 2, and hides 3
    EXPECT_EQ(table.covering("/mnt/sub/x")->type, "tmpfs");
}

TEST(MountTable, HasNoRootInAChroot) {
    EXPECT_EQ(MountTable("22 27 0:21 / /proc rw - proc proc rw\n").covering("/proc"), nullptr);
    EXPECT_EQ(MountTable("").covering("/"), nullptr);
}

TEST(MountTable, ACircleEnds) {
    const MountTable table(
        "1 9 8:1 / / rw - ext4 a rw\n2 1 8:1 / / rw - ext4 a rw\n1 2 8:1 / / rw - ext4 a rw\n");
    EXPECT_NE(table.covering("/x"), nullptr);
}

// runc binds the root directory, and files of the host over some of it.
TEST(SharedDirectories, OfABoundDirectory) {
    const MountTable inside(
        "67 44 254:0 /var/roots/web / rw,relatime - ext4 /dev/vda rw\n"
        "68 67 0:41 / /proc rw - proc proc rw\n"
        "69 67 0:42 / /dev rw - tmpfs tmpfs rw\n"
        "74 67 254:0 /run/containers/c1/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
        "75 67 254:16 /volumes/v1 /data rw - xfs /dev/vdb rw\n");
    const auto directories = shared_directories(inside, MountTable(kHost));
    EXPECT_EQ(
        paths_of(directories),
        "/etc/hosts=/run/containers/c1/hosts\n/proc=\n/data=/data/volumes/v1\n/dev=\n/=/var/roots/web\n");
    EXPECT_EQ(host_path(directories, "/etc/shadow", dev(254, 0)), "/var/roots/web/etc/shadow");
    EXPECT_EQ(host_path(directories, "/", 0), "/var/roots/web");
    EXPECT_EQ(host_path(directories, "/etc/hosts", dev(254, 0)), "/run/containers/c1/hosts");
    EXPECT_EQ(host_path(directories, "/data/db/1", dev(254, 16)), "/data/volumes/v1/db/1");
    EXPECT_EQ(host_path(directories, "/dev/shm/x", 0), "");
}

TEST(SharedDirectories, OfAnOverlay) {
    const MountTable inside("90 80 0:55 / / rw - overlay overlay rw,lowerdir=a,upperdir=b\n");
    const auto directories = shared_directories(inside, MountTable(kHost));
    EXPECT_EQ(host_path(directories, "/etc/shadow", dev(0, 55)),
              "/var/lib/docker/overlay2/f3a9/merged/etc/shadow");
}

// Rootless: mounted in the user's own mount namespace, so that the host has no path of it.
TEST(SharedDirectories, Trap30_NamespacesNeedNotNest) {
    const MountTable inside("90 80 0:77 / / rw - overlay overlay rw\n");
    EXPECT_EQ(paths_of(shared_directories(inside, MountTable(kHost))), "/=\n");
}

TEST(SharedDirectories, WhatTheHostHasCoveredHasNoPath) {
    const MountTable host("27 1 254:0 / / rw - ext4 /dev/vda rw\n30 27 0:60 / /srv rw - tmpfs tmpfs rw\n");
    const MountTable inside("67 44 254:0 /srv/web / rw - ext4 /dev/vda rw\n");
    EXPECT_EQ(paths_of(shared_directories(inside, host)), "/=\n");
}

}  // namespace
}  // namespace whodid
