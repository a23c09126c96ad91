/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf(2): programs, maps and links that were made, attached, pinned or taken hold of. */

#include "path.bpf.h"
#include "pid.bpf.h"
#include "syscall.bpf.h"

#define BPF_NAME_BYTES 16
/* The head of bpf(2)'s union: every word that is looked at below lies in it. */
#define ATTR_WORDS 16
#define BPF_TOKEN_CREATE 36 /* 6.9 */
#define BPF_PROG_SYSCALL 31 /* BPF_PROG_TYPE_SYSCALL, 5.14 */

struct bpf_call {
    __u32 command;
    __s32 result;
    __u32 attr[ATTR_WORDS];
};

/* The numbers of the sensor's own maps. Frozen when the loader has put them here, before anything is seen. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_RDONLY_PROG);
    __uint(max_entries, 32);
    __type(key, __u32);
    __type(value, __u8);
} own_maps SEC(".maps");

/*
 * Map contents, type information and questions are not reported: a tracer does thousands of them, and what it
 * does them with was made or got hold of by a call that is. What is written into the sensor's own maps is.
 */
static __always_inline int is_reported(__u32 command) {
    switch (command) {
        case BPF_MAP_CREATE:
        case BPF_PROG_LOAD:
        case BPF_OBJ_PIN:
        case BPF_OBJ_GET:
        case BPF_PROG_ATTACH:
        case BPF_PROG_DETACH:
        case BPF_PROG_TEST_RUN:
        case BPF_PROG_GET_FD_BY_ID:
        case BPF_MAP_GET_FD_BY_ID:
        case BPF_RAW_TRACEPOINT_OPEN:
        case BPF_MAP_FREEZE:
        case BPF_LINK_CREATE:
        case BPF_LINK_UPDATE:
        case BPF_LINK_GET_FD_BY_ID:
        case BPF_LINK_DETACH:
        case BPF_PROG_BIND_MAP:
        case BPF_TOKEN_CREATE:
            return 1;
        default:
            return 0;
    }
}

static __always_inline int writes_map(__u32 command) {
    switch (command) {
        case BPF_MAP_UPDATE_ELEM:
        case BPF_MAP_DELETE_ELEM:
        case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
        case BPF_MAP_UPDATE_BATCH:
        case BPF_MAP_DELETE_BATCH:
        case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
        case BPF_MAP_FREEZE:
            return 1;
        default:
            return 0;
    }
}

/* The descriptor of what a call is about: what it gave, or else what it was given. */
static __always_inline int subject_of(struct bpf_call* c) {
    switch (c->command) {
        case BPF_MAP_UPDATE_BATCH:
        case BPF_MAP_DELETE_BATCH:
        case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
            return c->attr[9];
        case BPF_MAP_UPDATE_ELEM:
        case BPF_MAP_DELETE_ELEM:
        case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
            return c->attr[0];
        case BPF_RAW_TRACEPOINT_OPEN:
            return c->result >= 0 ? c->result : c->attr[2];
        case BPF_LINK_CREATE:
            return c->result >= 0 ? c->result : c->attr[0];
        case BPF_OBJ_PIN:
            return c->attr[2];
        case BPF_PROG_ATTACH:
        case BPF_PROG_DETACH:
            return c->attr[1];
        case BPF_LINK_UPDATE:
        case BPF_LINK_DETACH:
        case BPF_MAP_FREEZE:
        case BPF_PROG_BIND_MAP:
        case BPF_PROG_TEST_RUN:
            return c->attr[0];
        case BPF_TOKEN_CREATE:
            return -1;
        default:
            return c->result;
    }
}

static __always_inline void put_program(struct slot* s, struct bpf_prog* prog) {
    struct rec_bpf* r = (void*)s->rec;
    struct bpf_prog_aux* aux = BPF_CORE_READ(prog, aux);

    r->program_id = BPF_CORE_READ(aux, id);
    r->program_type = BPF_CORE_READ(prog, type);
    r->instructions = BPF_CORE_READ(prog, len);
    put_kernel_str(s, &r->name, (void*)aux + bpf_core_field_offset(struct bpf_prog_aux, name),
                   BPF_NAME_BYTES);
}

#define LETTERS(a, b, c, d, e, f, g, h)                                                      \
    ((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
     (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

#define MAP_LETTERS LETTERS('b', 'p', 'f', '-', 'm', 'a', 'p', 0)

/* Which object a file is, its anonymous inode's name tells: no process can open one of that name. */
static __always_inline __u64 letters_of(struct file* file) {
    __u64 name = 0;

    if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != ANON_INODE_FS_MAGIC) return 0;
    bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
    return name;
}

static __always_inline int is_own_map(int fd) {
    struct file* file = file_of(fd);

    if (!file || letters_of(file) != MAP_LETTERS) return 0;
    struct bpf_map* map = BPF_CORE_READ(file, private_data);
    __u32 id = BPF_CORE_READ(map, id);
    return bpf_map_lookup_elem(&own_maps, &id) != 0;
}

static __noinline int put_bpf_object(struct slot* s, int fd) {
    struct file* file = file_of(fd);

    if (!s || !file) return 0;
    struct rec_bpf* r = (void*)s->rec;
    __u64 name = letters_of(file);
    void* held = BPF_CORE_READ(file, private_data);
    if (name == LETTERS('b', 'p', 'f', '-', 'p', 'r', 'o', 'g')) {
        r->object = REC_BPF_PROGRAM;
        put_program(s, held);
        r->id = r->program_id;
    } else if (name == MAP_LETTERS) {
        struct bpf_map* map = held;

        r->object = REC_BPF_MAP;
        r->id = BPF_CORE_READ(map, id);
        r->map_type = BPF_CORE_READ(map, map_type);
        put_kernel_str(s, &r->name, (void*)map + bpf_core_field_offset(struct bpf_map, name), BPF_NAME_BYTES);
    } else if (name == LETTERS('b', 'p', 'f', '-', 'l', 'i', 'n', 'k') ||
               name == LETTERS('b', 'p', 'f', '_', 'l', 'i', 'n', 'k')) { /* both spellings are in use */
        struct bpf_link* link = held;
        struct bpf_prog* prog = BPF_CORE_READ(link, prog);

        r->object = REC_BPF_LINK;
        r->id = BPF_CORE_READ(link, id);
        r->link_type = BPF_CORE_READ(link, type);
        if (prog) put_program(s, prog);
    }
    return 0;
}

/* Of a load that was refused there is only what was asked for. */
static __always_inline void put_asked(struct slot* s, struct bpf_call* c) {
    struct rec_bpf* r = (void*)s->rec;

    if (c->command == BPF_PROG_LOAD) {
        r->object = REC_BPF_PROGRAM;
        r->program_type = c->attr[0];
        r->instructions = c->attr[1];
        put_kernel_str(s, &r->name, &c->attr[12], BPF_NAME_BYTES);
    } else if (c->command == BPF_MAP_CREATE) {
        r->object = REC_BPF_MAP;
        r->map_type = c->attr[0];
        put_kernel_str(s, &r->name, &c->attr[7], BPF_NAME_BYTES);
    } else if (c->command == BPF_PROG_GET_FD_BY_ID || c->command == BPF_MAP_GET_FD_BY_ID ||
               c->command == BPF_LINK_GET_FD_BY_ID) {
        r->id = c->attr[0];
    } else {
        return;
    }
    r->h.flags |= REC_F_USER_SUPPLIED;
}

/* Where it goes: no object has these. */
static __always_inline void put_place(struct slot* s, struct bpf_call* c) {
    struct rec_bpf* r = (void*)s->rec;
    void* text = (void*)((__u64)c->attr[1] << 32 | c->attr[0]);

    if (c->command == BPF_OBJ_PIN || c->command == BPF_OBJ_GET)
        put_user_str(s, &r->target, text, WHODID_PATH_MAX);
    else if (c->command == BPF_RAW_TRACEPOINT_OPEN)
        put_user_str(s, &r->target, text, 128);
    else if (c->command == BPF_PROG_ATTACH || c->command == BPF_PROG_DETACH || c->command == BPF_LINK_CREATE)
        r->attach_type = c->attr[2];
    else
        return;
    r->h.flags |= REC_F_USER_SUPPLIED;
}

static __noinline int report_bpf(struct bpf_call* c, const struct call_exit* call) {
    struct slot* s = c && call ? slot_claim(REC_KERNEL_BPF, sizeof(struct rec_bpf)) : 0;

    if (!s) return 0;
    struct rec_bpf* r = (void*)s->rec;

    begin_call(&r->h, call);
    r->command = c->command;
    r->attach_type = REC_UNSET;
    put_bpf_object(s, subject_of(c));
    /* Tests of packets and the like are no act on the machine; one of this type calls bpf(2) inside. */
    if (c->command == BPF_PROG_TEST_RUN && r->program_type != BPF_PROG_SYSCALL) {
        gated(REC_KERNEL_BPF);
        slot_release(s);
        return 0;
    }
    if (c->result < 0) put_asked(s, c);
    put_place(s, c);
    emit_vital(s, REC_KERNEL_BPF);
    return 0;
}

static __always_inline void read_attr(struct bpf_call* c, const struct call_exit* call) {
    __u64 bytes = call_arg(call, 2);

    if (bytes > sizeof(c->attr)) bytes = sizeof(c->attr); /* a caller may know fewer words than there are */
    asm volatile("%0 &= 0x7f" : "+r"(bytes));
    if (bytes <= sizeof(c->attr)) bpf_probe_read_user(c->attr, bytes, (void*)call_arg(call, 1));
}

ON_EXIT(bpf) {
    struct bpf_call c = {.command = call_arg(ctx, 0), .result = ctx->result};

    if (interrupted(ctx->result)) return 0;
    if (writes_map(c.command)) {
        read_attr(&c, ctx);
        if (is_own_map(subject_of(&c))) return notice_regardless(REC_KERNEL_BPF) ? report_bpf(&c, ctx) : 0;
    }
    if (!notice(REC_KERNEL_BPF)) return 0;
    if (!is_reported(c.command)) {
        gated(REC_KERNEL_BPF);
        return 0;
    }
    read_attr(&c, ctx);
    return report_bpf(&c, ctx);
}
