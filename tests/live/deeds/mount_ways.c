// SPDX-License-Identifier: Apache-2.0
// Ways to mount and unmount. Usage: mount_ways WAY DIRECTORY (an own, writable one).
//   pid= deed=WAY result=0|-errno path=MOUNTPOINT [source=WHAT] [device=MAJOR:MINOR] [inode=N]
// In a mount namespace of its own, as root; `denied` as anybody.
#define _GNU_SOURCE
#include <linux/loop.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "deed.h"

static const char* new_directory(const char* name) {
    const char* path = strdup(in_dir(name));
    if (mkdir(path, 0755) < 0 && errno != EEXIST) die(path);
    return path;
}

static void own_mounts(void) {
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
}

static void say_mount(const char* way, long result, const char* path, const char* source) {
    struct stat root = {};
    if (result >= 0) must(stat(path, &root), path);
    say(way, result, "path=%s source=%s device=%u:%u inode=%lu", quoted(path), quoted(source),
        major(root.st_dev), minor(root.st_dev), root.st_ino);
}

static void mount_memory(const char* path) {
    must(mount("deed", path, "tmpfs", 0, "mode=0711"), "mount a tmpfs");
}

// ---- mount(2) ---------------------------------------------------------------------------------------
static void way_memory(const char* way) {
    const char* path = new_directory("memory");
    long result = outcome(
        mount("deed", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0711,uid=7"));
    say_mount(way, result, path, "deed");
}

// Relative, with a slash behind it, through a link in the middle.
static void way_relative(const char* way) {
    const char* path = new_directory("relative");
    must(chdir(work_dir), work_dir);
    if (symlink(work_dir, "way") < 0 && errno != EEXIST) die("link");
    say_mount(way, outcome(mount("deed", "way/relative/", "tmpfs", 0, NULL)), path, "deed");
}

static void way_short_name(const char* way) {
    const char* path = new_directory("m");
    say_mount(way, outcome(mount("deed", path, "tmpfs", MS_NODEV, NULL)), path, "deed");
}

static void way_bind(const char* way) {
    const char *path = new_directory("bound"), *source = new_directory("source");
    say_mount(way, outcome(mount(source, path, NULL, MS_BIND, NULL)), path, source);
}

// With what is mounted below: newer mounts than the one that is meant.
static void way_rbind(const char* way) {
    const char *path = new_directory("rbound"), *source = new_directory("tree");
    mount_memory(source);
    for (int i = 0; i < 20; i++) {
        char name[64];
        snprintf(name, sizeof name, "tree/part-of-the-tree-%d", i);
        mount_memory(new_directory(name));
    }
    say_mount(way, outcome(mount(source, path, NULL, MS_BIND | MS_REC, NULL)), path, source);
}

static void way_remount(const char* way) {
    const char* path = new_directory("again");
    mount_memory(path);
    say_mount(way, outcome(mount("deed", path, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID, NULL)), path,
              "deed");
}

static void way_move(const char* way) {
    const char *path = new_directory("to"), *source = new_directory("from");
    mount_memory(source);
    say_mount(way, outcome(mount(source, path, NULL, MS_MOVE, NULL)), path, source);
}

static void way_private(const char* way) {
    const char* path = new_directory("private");
    mount_memory(path);
    say_mount(way, outcome(mount(NULL, path, NULL, MS_PRIVATE | MS_REC, NULL)), path, "");
}

static void way_no_such_type(const char* way) {
    const char* path = new_directory("typeless");
    say_mount(
        way,
        outcome(mount("ftp://alice:hunter2@files.example/", path, "nosuchfs", MS_NODEV, "password=hunter2")),
        path, "ftp://alice:hunter2@files.example/");
}

static void way_denied(const char* way) {
    say_mount(way, outcome(mount("deed", "/srv", "tmpfs", 0, NULL)), "/srv", "deed");
}

// A file system in a file, on a loop device; way_argument is the file.
static void way_image(const char* way) {
    const char* path = new_directory("image");
    if (access("/dev/loop-control", F_OK) < 0)
        must(mknod("/dev/loop-control", S_IFCHR | 0600, makedev(10, 237)), "make loop-control");
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) {
        say_mount(way, outcome(-1), path, "");
        return;
    }
    char name[64];
    snprintf(name, sizeof name, "/dev/loop%d", number);
    if (access(name, F_OK) < 0) must(mknod(name, S_IFBLK | 0600, makedev(7, number)), name);
    int loop = must(open(name, O_RDWR | O_CLOEXEC), name);
    int file = must(open(way_argument, O_RDWR | O_CLOEXEC), way_argument);
    struct loop_config config = {.fd = file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
    must(ioctl(loop, LOOP_CONFIGURE, &config), "configure the loop device");
    say_mount(way, outcome(mount(name, path, "ext4", MS_RDONLY, NULL)), path, name);
    sleep(1);  // with the last mount the loop device goes, and what it led to
    umount2(path, MNT_DETACH);
}

// ---- the newer calls --------------------------------------------------------------------------------
static int new_tmpfs(void) {
    int context = must(fsopen("tmpfs", FSOPEN_CLOEXEC), "fsopen");
    must(fsconfig(context, FSCONFIG_SET_STRING, "source", "newer", 0), "source");
    must(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "create");
    return must(fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY), "fsmount");
}
static void way_fsmount(const char* way) {
    const char* path = new_directory("fsmount");
    long result = outcome(move_mount(new_tmpfs(), "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
    say_mount(way, result, path, "newer");
}
static void way_fsmount_nowhere(const char* way) {
    const char* path = in_dir("nowhere");
    long result = outcome(move_mount(new_tmpfs(), "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
    say_mount(way, result, path, "newer");
}
static void way_move_mount(const char* way) {
    const char *path = new_directory("moved_to"), *source = new_directory("moved_from");
    mount_memory(source);
    say_mount(way, outcome(move_mount(AT_FDCWD, source, AT_FDCWD, path, 0)), path, source);
}
static void way_setattr(const char* way) {
    const char* path = new_directory("setattr");
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID};
    mount_memory(path);
    say_mount(way, outcome(mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof attr)), path, "");
}

// ---- umount -----------------------------------------------------------------------------------------
static void way_umount(const char* way) {
    const char* path = new_directory("gone");
    mount_memory(path);
    say(way, outcome(umount2(path, 0)), "path=%s", quoted(path));
}
static void way_detach(const char* way) {
    const char* path = new_directory("detached");
    mount_memory(path);
    say(way, outcome(umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW)), "path=%s", quoted(path));
}
static void way_umount_nothing(const char* way) {
    const char* path = new_directory("nothing");
    say(way, outcome(umount2(path, 0)), "path=%s", quoted(path));
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"memory", way_memory},
        {"relative", way_relative},
        {"short_name", way_short_name},
        {"bind", way_bind},
        {"rbind", way_rbind},
        {"remount", way_remount},
        {"move", way_move},
        {"private", way_private},
        {"no_such_type", way_no_such_type},
        {"denied", way_denied},
        {"image", way_image},
        {"fsmount", way_fsmount},
        {"fsmount_nowhere", way_fsmount_nowhere},
        {"move_mount", way_move_mount},
        {"setattr", way_setattr},
        {"umount", way_umount},
        {"detach", way_detach},
        {"umount_nothing", way_umount_nothing},
    };
    if (argc < 2 || strcmp(argv[1], "denied")) own_mounts();
    return RUN_WAY(argc, argv, ways);
}
