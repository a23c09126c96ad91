// SPDX-License-Identifier: Apache-2.0
// Ways to give the kernel BPF. Usage: bpf_ways WAY DIRECTORY, as root but for `load_denied`.
//   pid= deed=WAY result=R|-errno id=N [program=N]
// Nothing stays: programs, maps and links go with this process, which has a network namespace of its own.
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mount.h>

#include "deed.h"

static long bpf_call(int command, union bpf_attr* attr, size_t bytes) {
    return syscall(SYS_bpf, command, attr, bytes);
}
#define BPF(command, ...) bpf_call(command, &(union bpf_attr){__VA_ARGS__}, sizeof(union bpf_attr))

static const struct bpf_insn one[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
                                      {.code = BPF_JMP | BPF_EXIT}};

static int load(int type, int attach_type) {
    return BPF(BPF_PROG_LOAD, .prog_type = type, .insn_cnt = 2, .insns = (long)one, .license = (long)"GPL",
               .prog_name = "deed_program", .expected_attach_type = attach_type);
}
static int make_map(void) {
    return BPF(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
               .max_entries = 4, .map_name = "deed_map");
}

static unsigned id_of(int fd, int is_link) {
    union {
        struct bpf_prog_info program;
        struct bpf_map_info map;
        struct bpf_link_info link;
    } info = {};
    must(BPF(BPF_OBJ_GET_INFO_BY_FD, .info = {.bpf_fd = fd, .info_len = sizeof info, .info = (long)&info}),
         "info");
    return is_link ? info.link.id : info.program.id;  // a map's is where a program's is
}

// ---- programs and maps ------------------------------------------------------------------------------
static void way_load(const char* way) {
    int fd = must(load(BPF_PROG_TYPE_SOCKET_FILTER, 0), "load");
    say(way, fd, "id=%u", id_of(fd, 0));
}
static void way_load_denied(const char* way) { say(way, outcome(load(BPF_PROG_TYPE_KPROBE, 0)), "id=0"); }
static void way_map(const char* way) {
    int fd = must(make_map(), "make a map");
    say(way, fd, "id=%u", id_of(fd, 0));
}
// What a tracer does all day long: none of it is told, but the map.
static void way_updates(const char* way) {
    int fd = must(make_map(), "make a map"), key = 1;
    long value = 1, result = 0;
    for (int i = 0; i < 1000 && !result; i++) {
        result = outcome(BPF(BPF_MAP_UPDATE_ELEM, .map_fd = fd, .key = (long)&key, .value = (long)&value));
        must(BPF(BPF_MAP_LOOKUP_ELEM, .map_fd = fd, .key = (long)&key, .value = (long)&value), "look up");
    }
    say(way, result, "id=%u", id_of(fd, 0));
}
static void way_freeze(const char* way) {
    int fd = must(make_map(), "make a map");
    say(way, outcome(BPF(BPF_MAP_FREEZE, .map_fd = fd)), "id=%u", id_of(fd, 0));
}
static void way_program_by_id(const char* way) {
    unsigned id = id_of(must(load(BPF_PROG_TYPE_SOCKET_FILTER, 0), "load"), 0);
    say(way, outcome(BPF(BPF_PROG_GET_FD_BY_ID, .prog_id = id)), "id=%u", id);
}
static void way_map_by_id(const char* way) {
    unsigned id = id_of(must(make_map(), "make a map"), 0);
    say(way, outcome(BPF(BPF_MAP_GET_FD_BY_ID, .map_id = id)), "id=%u", id);
}
static void way_no_such_id(const char* way) {
    say(way, outcome(BPF(BPF_PROG_GET_FD_BY_ID, .prog_id = 2000000000)), "id=2000000000");
}

// ---- pins, in a file system of its own --------------------------------------------------------------
static const char* pin_path(void) {
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    must(mount("bpf", work_dir, "bpf", 0, NULL), "mount bpffs");
    return in_dir("pinned");
}
static long pin(const char* path, int fd) { return BPF(BPF_OBJ_PIN, .pathname = (long)path, .bpf_fd = fd); }

static void way_pin(const char* way) {
    const char* path = pin_path();
    int fd = must(make_map(), "make a map");
    say(way, outcome(pin(path, fd)), "id=%u path=%s", id_of(fd, 0), quoted(path));
}
static void way_get(const char* way) {
    const char* path = pin_path();
    int fd = must(make_map(), "make a map");
    must(pin(path, fd), "pin");
    say(way, outcome(BPF(BPF_OBJ_GET, .pathname = (long)path)), "id=%u path=%s", id_of(fd, 0), quoted(path));
}

// ---- attaching --------------------------------------------------------------------------------------
static int own_network(void) {
    must(unshare(CLONE_NEWNET), "unshare");
    return must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "own network namespace");
}
static int make_link(int program, int network) {
    return BPF(BPF_LINK_CREATE,
               .link_create = {.prog_fd = program, .target_fd = network, .attach_type = BPF_SK_LOOKUP});
}
static void say_link(const char* way, long result, int link, int program) {
    say(way, result, "id=%u program=%u", id_of(link, 1), id_of(program, 0));
}

static void way_link(const char* way) {
    int program = must(load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP), "load");
    int link = must(make_link(program, own_network()), "link");
    say_link(way, link, link, program);
}
static void way_link_update(const char* way) {
    int program = must(load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP), "load");
    int link = must(make_link(program, own_network()), "link");
    int newer = must(load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP), "load");
    long result = outcome(BPF(BPF_LINK_UPDATE, .link_update = {.link_fd = link, .new_prog_fd = newer}));
    say_link(way, result, link, newer);
}
static void way_link_detach(const char* way) {
    int program = must(load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP), "load");
    int link = must(make_link(program, own_network()), "link");
    say_link(way, outcome(BPF(BPF_LINK_DETACH, .link_detach = {.link_fd = link})), link, program);
}
static void way_link_by_id(const char* way) {
    int program = must(load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP), "load");
    int link = must(make_link(program, own_network()), "link");
    say_link(way, outcome(BPF(BPF_LINK_GET_FD_BY_ID, .link_id = id_of(link, 1))), link, program);
}
static long attach(int command, int program) {
    return BPF(command, .target_fd = 0, .attach_bpf_fd = program, .attach_type = BPF_FLOW_DISSECTOR);
}
static void way_attach(const char* way) {
    int program = must(load(BPF_PROG_TYPE_FLOW_DISSECTOR, 0), "load");
    own_network();
    say(way, outcome(attach(BPF_PROG_ATTACH, program)), "id=%u", id_of(program, 0));
}
static void way_detach(const char* way) {
    int program = must(load(BPF_PROG_TYPE_FLOW_DISSECTOR, 0), "load");
    own_network();
    must(attach(BPF_PROG_ATTACH, program), "attach");
    say(way, outcome(attach(BPF_PROG_DETACH, program)), "id=%u", id_of(program, 0));
}
static void way_raw_tracepoint(const char* way) {
    int program = must(load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0), "load");
    int link = must(BPF(BPF_RAW_TRACEPOINT_OPEN,
                        .raw_tracepoint = {.name = (long)"sched_process_fork", .prog_fd = program}),
                    "attach");
    say_link(way, link, link, program);
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"load", way_load},
        {"load_denied", way_load_denied},
        {"map", way_map},
        {"updates", way_updates},
        {"freeze", way_freeze},
        {"program_by_id", way_program_by_id},
        {"map_by_id", way_map_by_id},
        {"no_such_id", way_no_such_id},
        {"pin", way_pin},
        {"get", way_get},
        {"link", way_link},
        {"link_update", way_link_update},
        {"link_detach", way_link_detach},
        {"link_by_id", way_link_by_id},
        {"attach", way_attach},
        {"detach", way_detach},
        {"raw_tracepoint", way_raw_tracepoint},
    };
    return RUN_WAY(argc, argv, ways);
}
