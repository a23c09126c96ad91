// SPDX-License-Identifier: Apache-2.0
// Random acts that keep their own log, to hold a sensor's stream against. Usage: acts DIRECTORY COUNT
// PROCESSES SEED DIRECTORY is made, used by these processes alone, and removed. For each act, in each
// process' own order:
//   pid= deed=KIND result= path=, and where they apply inode= to= port= symlink=1
// KIND is the event's. path is canonical unless symlink=1, or the act failed: then it is the name that was
// given.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "deed.h"

enum { kFiles = 12, kWordBytes = 160 };

struct act {
    pid_t pid;
    const char* kind;
    long result;
    unsigned long inode;
    int port, symlink;
    char path[kWordBytes], to[kWordBytes];
};

// Shared by all, each act in a place of its own; told when all are done, so that the telling is no act.
struct log {
    atomic_long used;
    long room;
    struct act acts[];
};

static struct log* the_log;
static const char* top;
static unsigned long random_state;
static int open_port, closed_port;

static unsigned pick(unsigned below) {  // xorshift64
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % below;
}

static struct act* note(const char* kind, long result, const char* path) {
    long at = atomic_fetch_add(&the_log->used, 1);
    if (at >= the_log->room) die("more acts than were planned");
    struct act* act = &the_log->acts[at];
    act->pid = getpid();
    act->kind = kind;
    act->result = result;
    snprintf(act->path, sizeof act->path, "%s", path);
    return act;
}

// One of this process' names; what is there, if anything, is chance.
static const char* some_name(const char* sort) {
    static char names[4][kWordBytes];
    static int turn;
    char* name = names[turn++ % 4];
    snprintf(name, kWordBytes, "%s/%d/%s%u", top, getpid(), sort, pick(kFiles));
    return name;
}

static unsigned long inode_of(const char* path) {
    struct stat found;
    return lstat(path, &found) ? 0 : found.st_ino;
}

static void act_open(void) {
    static const int kFlags[] = {O_RDONLY,
                                 O_RDWR | O_CREAT,
                                 O_WRONLY | O_CREAT | O_EXCL,
                                 O_WRONLY | O_CREAT | O_TRUNC,
                                 O_RDWR | O_APPEND,
                                 O_RDONLY | O_DIRECTORY,
                                 O_WRONLY,
                                 O_PATH};
    const char* path = some_name(pick(8) ? "f" : "d");
    unsigned long before = inode_of(path);
    int flags = kFlags[pick(8)];
    int fd = open(path, flags | O_CLOEXEC, 0600);
    long result = fd < 0 ? -errno : 0;
    unsigned long inode = inode_of(path);
    if (fd >= 0) close(fd);
    note(!before && fd >= 0 ? "file.create" : "file.open", result, path)->inode = fd < 0 ? 0 : inode;
}

static void act_through_symlink(void) {
    char link[kWordBytes];
    snprintf(link, sizeof link, "%s/%d/link", top, getpid());
    int fd = open(link, O_RDONLY | O_CLOEXEC);
    struct act* act = note("file.open", fd < 0 ? -errno : 0, link);
    act->symlink = 1;
    if (fd < 0) return;
    struct stat found;
    must(fstat(fd, &found), "fstat");
    close(fd);
    act->inode = found.st_ino;
    if (!realpath(link, act->path)) die(link);
}

static void give_name(const char* kind, int (*call)(const char*, const char*), const char* from,
                      const char* to) {
    unsigned long inode = inode_of(from);
    long result = outcome(call(from, to));
    struct act* act = note(kind, result, from);
    snprintf(act->to, sizeof act->to, "%s", to);
    act->inode = result < 0 ? 0 : inode;
}

static void take_name(const char* kind, int (*call)(const char*), const char* path) {
    unsigned long inode = inode_of(path);
    long result = outcome(call(path));
    note(kind, result, path)->inode = result < 0 ? 0 : inode;
}

static void act_rename(void) {
    const char *from = some_name(pick(6) ? "f" : "d"), *to = some_name(pick(6) ? "f" : "d");
    give_name("file.rename", rename, from, to);
}

static void act_link(void) {
    const char *from = some_name("f"), *to = some_name("f");
    give_name("file.link", link, from, to);
}

static void act_unlink(void) { take_name("file.unlink", unlink, some_name(pick(6) ? "f" : "d")); }
static void act_rmdir(void) { take_name("file.rmdir", rmdir, some_name(pick(6) ? "d" : "f")); }

static void act_mkdir(void) {
    const char* path = some_name("d");
    note("file.mkdir", outcome(mkdir(path, 0700)), path);
}

static void act_chmod(void) {
    const char* path = some_name("f");
    unsigned long inode = inode_of(path);
    long result = outcome(chmod(path, pick(2) ? 0640 : 0600));
    note("file.chmod", result, path)->inode = result < 0 ? 0 : inode;
}

static void act_connect(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port = pick(2) ? open_port : closed_port;
    to.sin_port = htons((unsigned short)port);
    int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    long result = outcome(connect(fd, (struct sockaddr*)&to, sizeof to));
    close(fd);
    note("network.connect", result, "127.0.0.1")->port = port;
}

// The child tells nothing itself: success would replace it.
static void act_exec(void) {
    static const char* const kPrograms[] = {"/usr/bin/true", "missing", "data"};
    char path[kWordBytes];
    unsigned which = pick(3);
    if (which)
        snprintf(path, sizeof path, "%s/%d/%s", top, getpid(), kPrograms[which]);
    else
        snprintf(path, sizeof path, "%s", kPrograms[0]);
    char *const arguments[] = {path, NULL}, *const environment[] = {NULL};
    volatile int error = 0;
    pid_t child = vfork();
    if (!child) {
        execve(path, arguments, environment);
        error = errno;
        _exit(1);
    }
    must(child, "vfork");
    waitpid(child, NULL, 0);
    struct act* act = note("process.exec", -error, path);
    act->pid = child;
    if (!error && !realpath(path, act->path)) die(path);
}

static const struct {
    void (*act)(void);
    unsigned weight;
} kActs[] = {{act_open, 40},   {act_through_symlink, 4}, {act_rename, 14},
             {act_unlink, 10}, {act_mkdir, 6},           {act_rmdir, 6},
             {act_link, 6},    {act_chmod, 6},           {act_connect, 6},
             {act_exec, 2}};

static void set_up(void) {
    char path[kWordBytes], target[kWordBytes];
    snprintf(path, sizeof path, "%s/%d", top, getpid());
    must(mkdir(path, 0700), path);
    snprintf(path, sizeof path, "%s/%d/data", top, getpid());
    close(must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), path));
    snprintf(target, sizeof target, "%s/%d/f0", top, getpid());
    snprintf(path, sizeof path, "%s/%d/link", top, getpid());
    must(symlink(target, path), path);
}

static void act_many(long count) {
    unsigned total = 0;
    for (size_t i = 0; i < sizeof kActs / sizeof kActs[0]; i++) total += kActs[i].weight;
    set_up();
    note("begin", 0, "");
    while (count-- > 0) {
        unsigned at = pick(total);
        size_t i = 0;
        for (; at >= kActs[i].weight; i++) at -= kActs[i].weight;
        kActs[i].act();
    }
}

static int listening_socket(int* port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(bind(fd, (struct sockaddr*)&address, size), "bind");
    must(listen(fd, 4096), "listen");
    must(getsockname(fd, (struct sockaddr*)&address, &size), "getsockname");
    *port = ntohs(address.sin_port);
    return fd;
}

static void tell(const struct act* act) {
    char more[3 * kWordBytes * 2 + 100] = "";
    int used = 0;
    if (act->inode) used += sprintf(more + used, " inode=%lu", act->inode);
    if (act->to[0]) used += sprintf(more + used, " to=%s", quoted(act->to));
    if (act->port) used += sprintf(more + used, " port=%d", act->port);
    if (act->symlink) sprintf(more + used, " symlink=1");
    say_of(act->pid, act->kind, act->result, "path=%s%s", quoted(act->path), more);
}

int main(int argc, char** argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s DIRECTORY COUNT PROCESSES SEED\n", argv[0]);
        return 2;
    }
    top = argv[1];
    long count = number_argument(argv[2], "COUNT"), processes = number_argument(argv[3], "PROCESSES");
    long seed = number_argument(argv[4], "SEED"), room = count + 2 * processes;
    the_log = mmap(NULL, sizeof *the_log + (size_t)room * sizeof(struct act), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (the_log == MAP_FAILED) die("mmap");
    the_log->room = room;
    must(mkdir(top, 0700), top);
    int listening = listening_socket(&open_port), unused = listening_socket(&closed_port);
    close(unused);
    for (long i = 0; i < processes; i++) {
        pid_t child = must(fork(), "fork");
        if (child) continue;
        random_state =
            (unsigned long)(seed + 1) * 0x9e3779b97f4a7c15ul + (unsigned long)i * 0xd1b54a32d192ed03ul;
        act_many(count / processes + (i < count % processes));
        _exit(0);
    }
    int status = 0, failed = 0;
    while (wait(&status) > 0) failed |= status;
    close(listening);
    for (long i = 0; i < the_log->used; i++) tell(&the_log->acts[i]);
    return failed ? 1 : 0;
}
