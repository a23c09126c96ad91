// SPDX-License-Identifier: Apache-2.0
// Ways that have slipped past sensors, or had them tell of somebody else. Usage: hiding_ways WAY [DIRECTORY].
#define _GNU_SOURCE
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>

#include "deed.h"

static const char* copy_program(const char* program, const char* name) {
    const char* path = in_dir(name);
    int from = must(open(program, O_RDONLY | O_CLOEXEC), program);
    int to = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), path);
    ssize_t sent;
    while ((sent = sendfile(to, from, NULL, 1 << 20)) > 0) continue;
    must(sent, path);
    close(from);
    close(to);
    return path;
}

// Runs it in a child and returns that.
static pid_t run(const char* path) {
    pid_t child = must(fork(), "fork");
    if (child) {
        must(waitpid(child, NULL, 0), "waitpid");
        return child;
    }
    execl(path, path, NULL);
    die(path);
}

// ---- x32: the same calls by other numbers ------------------------------------------------------------
#ifdef __x86_64__
static void way_x32(const char* way) {
    const long x32 = 0x40000000;
    const char* path = in_dir("by-x32");
    unlink(path);
    long result = outcome(syscall(x32 | SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    say(way, result, "path=%s exists=%d", quoted(path), !access(path, F_OK));
}
#else
static void way_x32(const char* way) { say(way, -ENOSYS, "exists=0"); }
#endif

// ---- a path that another thread rewrites while it is used --------------------------------------------
enum { kRaces = 40 };
static char contested[PATH_MAX];
static atomic_int racing;
static atomic_uint rewritten;

// The last letter is '0', then '1', and so on.
static void* rewrite(void* letter) {
    while (atomic_load(&racing)) {
        *(volatile char*)letter ^= 1;
        atomic_fetch_add(&rewritten, 1);
    }
    return NULL;
}

static void wait_for_a_rewrite(void) {
    unsigned int before = atomic_load(&rewritten);
    while (atomic_load(&rewritten) == before) sched_yield();
}

static pthread_t start_rewriting(const char* path) {
    pthread_t thread;
    strcpy(contested, path);
    atomic_store(&racing, 1);
    if ((errno = pthread_create(&thread, NULL, rewrite, contested + strlen(contested) - 1)))
        die("pthread_create");
    return thread;
}

// Which of the two ran is told by how it ends: true with 0, false with 1.
static void way_exec_race(const char* way) {
    const char* path = copy_program("/usr/bin/true", "racing-0");
    copy_program("/usr/bin/false", "racing-1");
    for (int i = 0; i < kRaces; i++) {
        int status = 0;
        pid_t child = must(fork(), "fork");
        if (!child) {
            char* const argv[] = {contested, NULL};
            start_rewriting(path);
            wait_for_a_rewrite();
            execv(contested, argv);
            die(path);
        }
        must(waitpid(child, &status, 0), "waitpid");
        say_of(child, way, 0, "path=%s exit=%d",
               quoted(in_dir(WEXITSTATUS(status) ? "racing-1" : "racing-0")), WEXITSTATUS(status));
    }
}

static void way_unlink_race(const char* way) {
    const char *even = in_dir("victim-0"), *odd = in_dir("victim-1");
    pthread_t thread = start_rewriting(even);
    for (int i = 0; i < kRaces; i++) {
        close(must(open(even, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), even));
        close(must(open(odd, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), odd));
        struct stat info[2];
        must(stat(even, &info[0]), even);
        must(stat(odd, &info[1]), odd);
        wait_for_a_rewrite();
        must(unlink(contested), contested);
        int which = access(odd, F_OK) != 0;
        say(way, 0, "path=%s inode=%lu", quoted(which ? odd : even), (unsigned long)info[which].st_ino);
        must(unlink(which ? even : odd), "the other one");
    }
    atomic_store(&racing, 0);
    pthread_join(thread, NULL);
}

// ---- who it was --------------------------------------------------------------------------------------
static pid_t clone_as(pid_t wanted) {
    struct clone_args args = {.exit_signal = SIGCHLD};
    if (wanted) args.set_tid = (unsigned long)&wanted, args.set_tid_size = 1;
    return syscall(SYS_clone3, &args, sizeof args);
}

// Two processes, one after the other, with one number. Needs root.
static void way_pid_reuse(const char* way) {
    const char* programs[] = {copy_program("/usr/bin/true", "before"),
                              copy_program("/usr/bin/true", "after")};
    pid_t pid = 0;
    for (int i = 0; i < 2; i++) {
        pid_t child = clone_as(pid);
        if (!child) {
            execl(programs[i], programs[i], NULL);
            _exit(127);
        }
        pid = must(child, "clone3 with a number of our choice");
        must(waitpid(pid, NULL, 0), "waitpid");
        say_of(pid, way, 0, "path=%s", quoted(programs[i]));
    }
}

// ---- files under names that are not theirs ------------------------------------------------------------
static void own_mounts(void) {
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
}

static void way_mounted_over(const char* way) {
    own_mounts();
    const char* path = copy_program("/usr/bin/true", "innocent");
    const char* evil = copy_program("/usr/bin/true", "evil");
    must(mount(evil, path, NULL, MS_BIND, NULL), "bind");
    say_of(run(path), way, 0, "path=%s source=%s", quoted(path), quoted(evil));
}

static void way_chroot_exec(const char* way) {
    own_mounts();
    const char* root = in_dir("jail");
    if (mkdir(root, 0755) < 0 && errno != EEXIST) die(root);
    must(mount("/", root, NULL, MS_BIND | MS_REC, NULL), "bind /");
    must(chroot(root), root);
    must(chdir("/"), "chdir");
    say_of(run("/usr/bin/true"), way, 0, "path=%s/usr/bin/true", quoted(root));
}

// A program of the lower layer and one that was written into the upper one.
static void way_overlay(const char* way) {
    char options[4 * PATH_MAX];
    const char* parts[] = {"lower", "upper", "merged"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (mkdir(in_dir(parts[i]), 0755) < 0 && errno != EEXIST) die(parts[i]);
    copy_program("/usr/bin/true", "lower/shipped");
    own_mounts();
    must(mount("tmpfs", in_dir("upper"), "tmpfs", 0, NULL), "tmpfs");
    must(mkdir(in_dir("upper/files"), 0755), "files");
    must(mkdir(in_dir("upper/work"), 0755), "work");
    snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s/upper/files,workdir=%s/upper/work",
             work_dir, work_dir, work_dir);
    must(mount("overlay", in_dir("merged"), "overlay", 0, options), "overlay");
    say_of(run(in_dir("merged/shipped")), way, 0, "path=%s upper=0", quoted(in_dir("merged/shipped")));
    const char* dropped = copy_program("/usr/bin/true", "merged/dropped");
    say_of(run(dropped), way, 0, "path=%s upper=1", quoted(dropped));
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"x32", way_x32},
        {"exec_race", way_exec_race},
        {"unlink_race", way_unlink_race},
        {"pid_reuse", way_pid_reuse},
        {"mounted_over", way_mounted_over},
        {"chroot_exec", way_chroot_exec},
        {"overlay", way_overlay},
    };
    return RUN_WAY(argc, argv, ways);
}
