// SPDX-License-Identifier: Apache-2.0
// Ways to open a file. Usage: open_ways WAY DIRECTORY (an own, writable one).
//   pid= deed=WAY result=fd|-errno path=FOUND asked=GIVEN
// path is where the file is, as the kernel names it; asked is the text given to the call.
#define _GNU_SOURCE
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>

#include "deed.h"

static const char* make_plain(const char* name) {
    const char* path = in_dir(name);
    int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    must(write(fd, "plain\n", 6), path);
    close(fd);
    return path;
}

static void open_and_say(const char* way, const char* asked, int flags, const char* path) {
    long result = outcome(open(asked, flags, 0600));
    say(way, result, "path=%s asked=%s flags=%#x", quoted(path), quoted(asked), flags);
}

static void open_plain(const char* way, int flags) {
    const char* path = make_plain("plain");
    open_and_say(way, path, flags, path);
}

static void way_read(const char* way) { open_plain(way, O_RDONLY); }
static void way_write(const char* way) { open_plain(way, O_WRONLY); }
static void way_append(const char* way) { open_plain(way, O_WRONLY | O_APPEND); }
static void way_trunc(const char* way) { open_plain(way, O_WRONLY | O_TRUNC); }

static void way_relative(const char* way) {
    const char* path = make_plain("plain");
    must(chdir(work_dir), work_dir);
    if (mkdir("sub", 0755) < 0 && errno != EEXIST) die("mkdir sub");
    open_and_say(way, "sub/../plain", O_RDONLY, path);
}

static int open_work_dir(void) { return must(open(work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), work_dir); }

static void way_dirfd(const char* way) {
    const char* path = make_plain("plain");
    long result = outcome(openat(open_work_dir(), "plain", O_RDONLY));
    say(way, result, "path=%s asked=plain", quoted(path));
}

static const char* make_link(const char* name, const char* target) {
    const char* link = in_dir(name);
    unlink(link);
    must(symlink(target, link), link);
    return link;
}

static void way_symlink(const char* way) {
    const char* path = make_plain("plain");
    open_and_say(way, make_link("link", "plain"), O_RDONLY, path);
}

static void openat2_and_say(const char* way, const char* asked, unsigned long long resolve,
                            const char* path) {
    struct open_how how = {.flags = O_RDONLY, .resolve = resolve};
    long result = outcome(syscall(SYS_openat2, open_work_dir(), asked, &how, sizeof how));
    say(way, result, "path=%s asked=%s resolve=%#llx", quoted(path), quoted(asked), resolve);
}

static void way_openat2_beneath(const char* way) {
    openat2_and_say(way, "plain", RESOLVE_BENEATH, make_plain("plain"));
}

static void way_openat2_escape(const char* way) {
    openat2_and_say(way, "../plain", RESOLVE_BENEATH, make_plain("plain"));
}

static void way_openat2_no_symlinks(const char* way) {
    const char* path = make_plain("plain");
    make_link("link", "plain");
    openat2_and_say(way, "link", RESOLVE_NO_SYMLINKS, path);
}

static void way_openat2_in_root(const char* way) {
    openat2_and_say(way, "/plain", RESOLVE_IN_ROOT, make_plain("plain"));
}

static void way_tmpfile(const char* way) { open_and_say(way, work_dir, O_TMPFILE | O_RDWR, work_dir); }

static void way_creat(const char* way) {
    const char* path = in_dir("created");
    unlink(path);
    long result = outcome(creat(path, 0600));
    say(way, result, "path=%s asked=%s", quoted(path), quoted(path));
}

static void way_proc_self_fd(const char* way) {
    const char* path = make_plain("plain");
    char asked[64];
    snprintf(asked, sizeof asked, "/proc/self/fd/%d", must(open(path, O_RDONLY | O_CLOEXEC), path));
    open_and_say(way, asked, O_RDWR, path);
}

static void way_proc_self_root(const char* way) {
    const char* path = make_plain("plain");
    char asked[PATH_MAX + NAME_MAX + 32];
    snprintf(asked, sizeof asked, "/proc/self/root%s", path);
    open_and_say(way, asked, O_RDONLY, path);
}

static void way_deleted(const char* way) {
    const char* path = make_plain("gone");
    char asked[64];
    snprintf(asked, sizeof asked, "/proc/self/fd/%d", must(open(path, O_RDONLY | O_CLOEXEC), path));
    must(unlink(path), path);
    open_and_say(way, asked, O_RDONLY, path);
}

static const char* make_directory(const char* name) {
    const char* path = in_dir(name);
    if (mkdir(path, 0755) < 0 && errno != EEXIST) die(path);
    return path;
}

// The next three need root. A path is told as it is outside a chroot, and through the mount that led there.
static void way_chroot(const char* way) {
    const char* jail = make_directory("jail");
    const char* path = make_plain("jail/plain");
    must(chroot(jail), "chroot");
    open_and_say(way, "/plain", O_RDONLY, path);
}

static void leave_mounts(void) {
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
}

static void way_bind_mount(const char* way) {
    const char *from = make_directory("from"), *bound = make_directory("bound");
    make_plain("from/plain");
    leave_mounts();
    must(mount(from, bound, NULL, MS_BIND, NULL), "bind");
    open_and_say(way, in_dir("bound/plain"), O_RDONLY, in_dir("bound/plain"));
}

// The file lies below what was mounted on its directory later: nothing leads there but an open descriptor.
static void way_covered(const char* way) {
    const char* below = make_directory("covered");
    const char* path = make_plain("covered/plain");
    leave_mounts();
    int directory = must(open(below, O_RDONLY | O_DIRECTORY | O_CLOEXEC), below);
    must(mount("none", below, "tmpfs", 0, NULL), "mount");
    long result = outcome(openat(directory, "plain", O_RDONLY));
    say(way, result, "path=%s asked=plain", quoted(path));
}

static void way_enoent(const char* way) {
    open_and_say(way, in_dir("no-such-file"), O_RDONLY, in_dir("no-such-file"));
}

// Refused to an ordinary user, the owner included; root gets the file.
static void way_eacces(const char* way) {
    const char* path = make_plain("closed");
    must(chmod(path, 0), path);
    open_and_say(way, path, O_RDONLY, path);
}

// Needs CAP_DAC_READ_SEARCH: -EPERM without.
static void way_by_handle(const char* way) {
    const char* path = make_plain("plain");
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount_id;
    must(name_to_handle_at(AT_FDCWD, path, &handle.head, &mount_id, 0), "name_to_handle_at");
    long result = outcome(open_by_handle_at(open_work_dir(), &handle.head, O_RDONLY));
    say(way, result, "path=%s", quoted(path));
}

static void open_named(const char* way, const char* name) {
    const char* path = make_plain(name);
    open_and_say(way, path, O_RDONLY, path);
}

static void way_hostile_newline(const char* way) { open_named(way, "line\npid=1 deed=forged"); }
static void way_hostile_escape(const char* way) { open_named(way, "esc\033[31mred\033[0m"); }
static void way_hostile_utf8(const char* way) { open_named(way, "bad\xff\xfe\xc0\xaf"); }

// More components than sensors walk, in fewer bytes than PATH_MAX.
static void open_deep(const char* way, const char* component, int depth) {
    char path[PATH_MAX], name[NAME_MAX];
    int used = snprintf(path, sizeof path, "%s", work_dir);
    for (int i = 0; i < depth; i++) {
        snprintf(name, sizeof name, "/%s%02d", component, i);
        used += snprintf(path + used, sizeof path - used, "%s", name);
        if (used >= (int)sizeof path - 8) errno = ENAMETOOLONG, die(path);
        if (mkdir(path, 0755) < 0 && errno != EEXIST) die(path);
    }
    strcpy(path + used, "/leaf");
    long result = outcome(open(path, O_RDWR | O_CREAT, 0600));
    say(way, result, "path=%s depth=%d", quoted(path), depth);
}

static void way_deep(const char* way) { open_deep(way, "d", 70); }
static void way_long_path(const char* way) {
    open_deep(way, "a-component-of-more-than-fifty-bytes-to-fill-buffers-", 64);
}

// ---- close_race: whoever looks a file up by its number after the call finds another one -------------
enum { kRaces = 2000 };
static atomic_int racing, replaced;
static int contested_fd, decoy_fd;

static void* replace_what_was_opened(void* unused) {
    while (atomic_load(&racing)) {
        if (dup2(decoy_fd, contested_fd) == contested_fd) atomic_fetch_add(&replaced, 1);
        close(contested_fd);
    }
    return unused;
}

static void way_close_race(const char* way) {
    const char* path = make_plain("raced");
    decoy_fd = must(open(make_plain("decoy"), O_RDONLY), "decoy");
    contested_fd = must(open(path, O_RDONLY), path);
    close(contested_fd);
    atomic_store(&racing, 1);
    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, replace_what_was_opened, NULL))) die("pthread_create");
    int opened = 0;
    for (int i = 0; i < kRaces; i++) {
        int fd = open(path, O_RDONLY);
        opened += fd >= 0;
        if (fd >= 0 && fd != contested_fd) close(fd);
    }
    atomic_store(&racing, 0);
    pthread_join(thread, NULL);
    say(way, 0, "path=%s opened=%d decoy=%s replaced=%d", quoted(path), opened, quoted(in_dir("decoy")),
        atomic_load(&replaced));
}

// ---- name_race: the name is changed while the kernel reads it ----------------------------------------
static char racing_name[PATH_MAX];

static void* rewrite_the_name(void* last_letter) {
    while (atomic_load(&racing)) {
        *(volatile char*)last_letter = 'a';
        *(volatile char*)last_letter = 'b';
    }
    return NULL;
}

static unsigned long inode_of(const char* path) {
    struct stat info;
    must(stat(path, &info), path);
    return info.st_ino;
}

static void way_name_race(const char* way) {
    unsigned long inode_a = inode_of(make_plain("race-a")), inode_b = inode_of(make_plain("race-b"));
    strcpy(racing_name, in_dir("race-a"));
    atomic_store(&racing, 1);
    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, rewrite_the_name, racing_name + strlen(racing_name) - 1)))
        die("pthread_create");
    int opened = 0;
    for (int i = 0; i < kRaces / 4; i++) {
        int fd = open(racing_name, O_RDONLY | O_CLOEXEC);
        opened += fd >= 0;
        if (fd >= 0) close(fd);
    }
    atomic_store(&racing, 0);
    pthread_join(thread, NULL);
    say(way, 0, "path=%s other=%s inode=%lu other_inode=%lu opened=%d", quoted(in_dir("race-a")),
        quoted(in_dir("race-b")), inode_a, inode_b, opened);
}

// ---- who runs where ----------------------------------------------------------------------------------
static void run_on(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    must(sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

// Opens a file on each processor that there is: cpu-N on processor N.
static void way_each_cpu(const char* way) {
    cpu_set_t allowed;
    must(sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed)) continue;
        char name[32];
        snprintf(name, sizeof name, "cpu-%d", cpu);
        const char* path = make_plain(name);
        run_on(cpu);
        long result = outcome(open(path, O_RDONLY | O_CLOEXEC));
        say(way, result, "path=%s cpu=%d", quoted(path), cpu);
    }
}

// Two people on one processor, by turns one file that is there and one that is not. Needs root.
static void turn_by_turn(const char* way, uid_t uid, gid_t gid, const char* there, const char* missing) {
    must(setresgid(gid, gid, gid), "setresgid");
    must(setresuid(uid, uid, uid), "setresuid");
    for (int i = 0; i < 50; i++) {
        int fd = open(there, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) close(fd);
        if (open(missing, O_RDONLY | O_CLOEXEC) >= 0) errno = EEXIST, die(missing);
        sched_yield();
    }
    say(way, 0, "path=%s missing=%s uid=%u gid=%u", quoted(there), quoted(missing), uid, gid);
    _exit(0);
}

static void way_turns(const char* way) {
    const char *of_a = make_plain("of-a"), *of_b = make_plain("of-b");
    run_on(sched_getcpu());
    if (!must(fork(), "fork")) turn_by_turn(way, 61001, 61101, of_a, in_dir("missing-a"));
    if (!must(fork(), "fork")) turn_by_turn(way, 61002, 61102, of_b, in_dir("missing-b"));
    while (wait(NULL) > 0) continue;
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"read", way_read},
        {"write", way_write},
        {"append", way_append},
        {"trunc", way_trunc},
        {"relative", way_relative},
        {"dirfd", way_dirfd},
        {"symlink", way_symlink},
        {"openat2_beneath", way_openat2_beneath},
        {"openat2_escape", way_openat2_escape},
        {"openat2_no_symlinks", way_openat2_no_symlinks},
        {"openat2_in_root", way_openat2_in_root},
        {"tmpfile", way_tmpfile},
        {"creat", way_creat},
        {"proc_self_fd", way_proc_self_fd},
        {"proc_self_root", way_proc_self_root},
        {"deleted", way_deleted},
        {"chroot", way_chroot},
        {"bind_mount", way_bind_mount},
        {"covered", way_covered},
        {"enoent", way_enoent},
        {"eacces", way_eacces},
        {"by_handle", way_by_handle},
        {"hostile_newline", way_hostile_newline},
        {"hostile_escape", way_hostile_escape},
        {"hostile_utf8", way_hostile_utf8},
        {"deep", way_deep},
        {"long_path", way_long_path},
        {"close_race", way_close_race},
        {"name_race", way_name_race},
        {"each_cpu", way_each_cpu},
        {"turns", way_turns},
    };
    return RUN_WAY(argc, argv, ways);
}
