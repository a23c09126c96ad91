// SPDX-License-Identifier: Apache-2.0
// Ways to change files and directories. Usage: change_ways WAY DIRECTORY (an own, writable one).
//   pid= deed=WAY result=0|-errno path=WHAT [to=OTHER]
// Each makes what it changes in the directory first.
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "deed.h"

static const char* make_file(const char* way, const char* part) {
    char name[NAME_MAX];
    snprintf(name, sizeof name, "%s.%s", way, part);
    const char* path = in_dir(name);
    int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    must(write(fd, "0123456789\n", 11), path);
    close(fd);
    return path;
}

static const char* free_name(const char* way, const char* part) {
    const char* path = make_file(way, part);
    must(unlink(path), path);
    return path;
}

static int open_file(const char* path) { return must(open(path, O_RDWR | O_CLOEXEC), path); }
static int open_work_dir(void) { return must(open(work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), work_dir); }
static const char* last_part(const char* path) { return strrchr(path, '/') + 1; }

static void say_path(const char* way, long result, const char* path) {
    say(way, result, "path=%s", quoted(path));
}
static void say_two(const char* way, long result, const char* path, const char* to) {
    say(way, result, "path=%s to=%s", quoted(path), quoted(to));
}

// ---- names -----------------------------------------------------------------------------------------
static void way_unlink(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(unlink(path)), path);
}

static void way_unlinkat(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(unlinkat(open_work_dir(), last_part(path), 0)), path);
}

static void way_mkdir(const char* way) {
    const char* path = free_name(way, "dir");
    say_path(way, outcome(mkdir(path, 0750)), path);
}

static void way_rmdir(const char* way) {
    const char* path = free_name(way, "dir");
    must(mkdir(path, 0755), path);
    say_path(way, outcome(rmdir(path)), path);
}

static void way_rename(const char* way) {
    const char *to = free_name(way, "new"), *path = make_file(way, "old");
    say_two(way, outcome(rename(path, to)), path, to);
}

static void way_rename_over(const char* way) {
    const char *path = make_file(way, "old"), *to = make_file(way, "replaced");
    say_two(way, outcome(rename(path, to)), path, to);
}

static void way_rename_exchange(const char* way) {
    const char *path = make_file(way, "one"), *to = make_file(way, "two");
    say_two(way, outcome(renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_EXCHANGE)), path, to);
}

static void way_link(const char* way) {
    const char *to = free_name(way, "new"), *path = make_file(way, "old");
    say_two(way, outcome(link(path, to)), path, to);
}

static void way_symlink(const char* way) {
    const char* path = free_name(way, "link");
    say_two(way, outcome(symlink("pointed-at", path)), path, "pointed-at");
}

// A file of the lower layer, through overlayfs: to the kernel an unlink, a create and a rename on other file
// systems besides. Needs root.
static void way_overlay(const char* way) {
    char options[4 * PATH_MAX];
    const char* parts[] = {"lower", "upper", "work", "merged"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (mkdir(in_dir(parts[i]), 0755) < 0 && errno != EEXIST) die(parts[i]);
    const char* below = in_dir("lower/file");
    close(must(open(below, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), below));
    snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", work_dir,
             work_dir, work_dir);
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    const char* path = in_dir("merged/file");
    long result = outcome(mount("overlay", in_dir("merged"), "overlay", 0, options));
    if (!result) result = outcome(unlink(path));
    say_path(way, result, path);
}

// ---- mode, owner, size -----------------------------------------------------------------------------
static void way_chmod(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(chmod(path, 0600)), path);
}

static void way_fchmod(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(fchmod(open_file(path), 0600)), path);
}

static void way_fchmodat(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(fchmodat(open_work_dir(), last_part(path), 0600, 0)), path);
}

// Root gives the file to another user (uid != gid); anybody else keeps it, which is a chown as well.
static uid_t new_owner(void) { return geteuid() ? geteuid() : 61001; }
static gid_t new_group(void) { return geteuid() ? getegid() : 61101; }

static void way_chown(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(chown(path, new_owner(), new_group())), path);
}

static void way_fchown(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(fchown(open_file(path), new_owner(), new_group())), path);
}

static void way_lchown(const char* way) {
    const char* path = free_name(way, "link");
    must(symlink("pointed-at", path), path);
    say_path(way, outcome(lchown(path, new_owner(), new_group())), path);
}

static void way_truncate(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(truncate(path, 4)), path);
}

static void way_ftruncate(const char* way) {
    const char* path = make_file(way, "file");
    say_path(way, outcome(ftruncate(open_file(path), 4)), path);
}

// ---- extended attributes ---------------------------------------------------------------------------
// tmpfs has user.* from 6.6 only, but trusted.* (for root) long before.
static const char* attribute(void) { return geteuid() ? "user.whodid" : "trusted.whodid"; }

static void way_setxattr(const char* way) {
    const char* path = make_file(way, "file");
    long result = outcome(setxattr(path, attribute(), "1", 1, 0));
    say(way, result, "path=%s name=%s", quoted(path), attribute());
}

static void way_fsetxattr(const char* way) {
    const char* path = make_file(way, "file");
    long result = outcome(fsetxattr(open_file(path), attribute(), "1", 1, 0));
    say(way, result, "path=%s name=%s", quoted(path), attribute());
}

static void way_setxattrat(const char* way) {  // 6.13
    const struct {
        unsigned long long value;
        unsigned size, flags;
    } given = {(unsigned long)"1", 1, 0};
    const char* path = make_file(way, "file");
    long result = outcome(syscall(463, AT_FDCWD, path, 0, attribute(), &given, sizeof given));
    say(way, result, "path=%s name=%s", quoted(path), attribute());
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"unlink", way_unlink},
        {"unlinkat", way_unlinkat},
        {"mkdir", way_mkdir},
        {"rmdir", way_rmdir},
        {"rename", way_rename},
        {"rename_over", way_rename_over},
        {"rename_exchange", way_rename_exchange},
        {"link", way_link},
        {"symlink", way_symlink},
        {"overlay", way_overlay},
        {"chmod", way_chmod},
        {"fchmod", way_fchmod},
        {"fchmodat", way_fchmodat},
        {"chown", way_chown},
        {"fchown", way_fchown},
        {"lchown", way_lchown},
        {"truncate", way_truncate},
        {"ftruncate", way_ftruncate},
        {"setxattr", way_setxattr},
        {"fsetxattr", way_fsetxattr},
        {"setxattrat", way_setxattrat},
    };
    return RUN_WAY(argc, argv, ways);
}
