// SPDX-License-Identifier: Apache-2.0
// Ways to touch a sensor. Usage: guard_ways WAY DIRECTORY PID, as root; PID is the sensor's.
//   pid= deed=WAY result=R|-errno [id=N] [ack=0|-errno]
// `terminate` ends it, `stop` blinds it until `go_on`. The others leave it as it is.
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "deed.h"

static pid_t sensor(void) { return (pid_t)number_argument(way_argument, "PID"); }

static void tell(const char* way, long result) { say(way, result, "sensor=%d", sensor()); }

static long bpf_call(int command, union bpf_attr* attr, size_t bytes) {
    return syscall(SYS_bpf, command, attr, bytes);
}
#define BPF(command, ...) bpf_call(command, &(union bpf_attr){__VA_ARGS__}, sizeof(union bpf_attr))

// ---- the process ------------------------------------------------------------------------------------
static void way_signal(const char* way) { tell(way, outcome(kill(sensor(), SIGCONT))); }
static void way_terminate(const char* way) { tell(way, outcome(kill(sensor(), SIGTERM))); }
// Whether it is there: nothing is sent.
static void way_look(const char* way) { tell(way, outcome(kill(sensor(), 0))); }

// It is let go when this process ends.
static void way_seize(const char* way) { tell(way, outcome(ptrace(PTRACE_SEIZE, sensor(), 0, 0))); }

static void way_vm_read(const char* way) {
    char here[8];
    struct iovec to = {here, sizeof here}, from = {(void*)4096, sizeof here};
    tell(way, outcome(process_vm_readv(sensor(), &to, 1, &from, 1, 0)));
}

static void way_memory(const char* way) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", sensor());
    tell(way, outcome(open(path, O_RDONLY | O_CLOEXEC)));
}

static int take(int fd) {
    int pidfd = must(syscall(SYS_pidfd_open, sensor(), 0), "pidfd_open");
    int taken = outcome(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
    close(pidfd);
    return taken;
}
static void way_getfd(const char* way) { tell(way, take(0)); }

// Calls f for the sensor's descriptors whose links start like this, until it is done.
static int for_each_held(const char* start, int (*f)(int number)) {
    char directory[64], path[PATH_MAX], link[PATH_MAX];
    int count = 0;
    snprintf(directory, sizeof directory, "/proc/%d/fd", sensor());
    DIR* list = opendir(directory);
    if (!list) die(directory);
    for (struct dirent* entry; (entry = readdir(list));) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        ssize_t n = readlink(path, link, sizeof link - 1);
        if (n < 0) continue;
        link[n] = 0;
        if (!strncmp(link, start, strlen(start))) count += f(atoi(entry->d_name));
    }
    closedir(list);
    return count;
}

// ---- audit: a setting that sets nothing --------------------------------------------------------------
static void way_audit_set(const char* way) {
    struct {
        struct nlmsghdr head;
        struct audit_status status;
    } message = {.head = {.nlmsg_len = sizeof message,
                          .nlmsg_type = AUDIT_SET,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[512];
    } answer = {0};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), "audit socket");
    long result = outcome(sendto(fd, &message, sizeof message, 0, (struct sockaddr*)&kernel, sizeof kernel));
    if (result > 0) must(recv(fd, &answer, sizeof answer, 0), "the kernel's answer");
    say(way, result, "ack=%d", answer.error.error);
}

// ---- its kernel side --------------------------------------------------------------------------------
static const char* wanted_map;
static int wanted_fd;

static int is_wanted(int number) {
    struct bpf_map_info info = {};
    int fd = take(number);
    if (fd < 0) return 0;
    must(BPF(BPF_OBJ_GET_INFO_BY_FD, .info = {.bpf_fd = fd, .info_len = sizeof info, .info = (long)&info}),
         "info");
    if (strcmp(info.name, wanted_map)) {
        close(fd);
        return 0;
    }
    wanted_fd = fd;
    return 1;
}

static int take_map(const char* name) {
    wanted_map = name;
    if (for_each_held("anon_inode:bpf-map", is_wanted) != 1) {
        fprintf(stderr, "the sensor has no map %s\n", name);
        exit(1);
    }
    return wanted_fd;
}

static long look_up(int map, void* value) {
    return outcome(BPF(BPF_MAP_LOOKUP_ELEM, .map_fd = map, .key = (long)&(int){0}, .value = (long)value));
}

static long put(int map, void* key, void* value) {
    return outcome(BPF(BPF_MAP_UPDATE_ELEM, .map_fd = map, .key = (long)key, .value = (long)value));
}

// Its configuration is frozen: root cannot write to it either.
static void way_config(const char* way) {
    static char bytes[4096];
    int map = take_map(".rodata.config");
    must(look_up(map, bytes), "look up");
    tell(way, put(map, &(int){0}, bytes));
}

// What it would then take for told already: a file that there is not.
static char no_file[64];
static void way_map_update(const char* way) { tell(way, put(take_map("mapped_files"), no_file, "")); }
static void way_map_delete(const char* way) {
    int map = take_map("mapped_files");
    must(put(map, no_file, ""), "update");
    tell(way, outcome(BPF(BPF_MAP_DELETE_ELEM, .map_fd = map, .key = (long)no_file)));
}
static void way_map_delete_batch(const char* way) {
    int map = take_map("mapped_files");
    must(put(map, no_file, ""), "update");
    tell(way,
         outcome(BPF(BPF_MAP_DELETE_BATCH, .batch = {.keys = (long)no_file, .count = 1, .map_fd = map})));
}
// Nothing could be told to it any more; it is frozen already.
static void way_map_freeze(const char* way) {
    tell(way, outcome(BPF(BPF_MAP_FREEZE, .map_fd = take_map("own_maps"))));
}

static void way_map_by_id(const char* way) {
    struct bpf_map_info info = {};
    int fd = take_map(".rodata.config");
    must(BPF(BPF_OBJ_GET_INFO_BY_FD, .info = {.bpf_fd = fd, .info_len = sizeof info, .info = (long)&info}),
         "info");
    say(way, outcome(BPF(BPF_MAP_GET_FD_BY_ID, .map_id = info.id)), "id=%u", info.id);
}

// ---- what blinds it ---------------------------------------------------------------------------------
// As it does itself at its end: a policy of the same form in place of its own, which nobody can write into.
static void put_policy(const char* way, int stopped) {
    static char bytes[4096];
    struct bpf_map_info info = {};
    int policies = take_map("policies"), id;
    must(look_up(policies, &id), "the policy's number");
    int old = must(BPF(BPF_MAP_GET_FD_BY_ID, .map_id = id), "the policy");
    must(BPF(BPF_OBJ_GET_INFO_BY_FD, .info = {.bpf_fd = old, .info_len = sizeof info, .info = (long)&info}),
         "info");
    must(look_up(old, bytes), "look up");
    if (stopped && put(old, &(int){0}, bytes) != -EPERM) die("the sensor's own can be written into");
    memcpy(bytes, &stopped, sizeof stopped);
    int next = must(BPF(BPF_MAP_CREATE, .map_type = info.type, .key_size = info.key_size,
                        .value_size = info.value_size, .max_entries = 1, .map_flags = info.map_flags),
                    "a policy");
    must(put(next, &(int){0}, bytes), "its contents");
    tell(way, put(policies, &(int){0}, &next));
}
static void way_stop(const char* way) { put_policy(way, 1); }
static void way_go_on(const char* way) { put_policy(way, 0); }

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"signal", way_signal},
        {"terminate", way_terminate},
        {"look", way_look},
        {"seize", way_seize},
        {"vm_read", way_vm_read},
        {"memory", way_memory},
        {"getfd", way_getfd},
        {"audit_set", way_audit_set},
        {"config", way_config},
        {"map_by_id", way_map_by_id},
        {"map_update", way_map_update},
        {"map_delete", way_map_delete},
        {"map_freeze", way_map_freeze},
        {"map_delete_batch", way_map_delete_batch},
        {"stop", way_stop},
        {"go_on", way_go_on},
    };
    return RUN_WAY(argc, argv, ways);
}
