/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names: the project's own dentry walk, and strings from kernel and user memory. bpf_d_path is refused in
 * tracepoint programs on every kernel and in some LSM programs before 6.12.
 */
#pragma once

#include "task.bpf.h"

/* The offset is loaded last: kernels forget the bounds of what is kept across a call. 0: no room. */
static __always_inline int append_name(struct slot* s, const unsigned char* name) {
    barrier();
    __u64 off = s->off;

    if (off >= SLOT_TAIL) return 0;
    long n = bpf_probe_read_kernel_str(&s->rec[off], 256, name);
    if (n <= 0) return 0;
    s->off = off + (__u32)n;
    return 1;
}

/* A component, or the step to the mount below. */
static long walk_step(__u32 i, struct slot** of) {
    struct slot* s = *of;
    struct walk* w = &s->walk;
    struct dentry* dentry = TYPED(struct dentry, w->dentry);
    __u64 parent = (__u64)LOAD(dentry, d_parent);

    if (w->dentry == w->top) {
        struct mount* mount = TYPED(struct mount, w->mount);
        __u64 parent_mount = (__u64)LOAD(mount, mnt_parent);
        struct mount* below = TYPED(struct mount, parent_mount);

        if (parent_mount == w->mount) {
            w->flags &= ~REC_PATH_CUT;
            return 1;
        }
        w->dentry = (__u64)LOAD(mount, mnt_mountpoint);
        w->mount = parent_mount;
        w->top = (__u64)LOAD(below, mnt.mnt_root);
        return 0;
    }
    if (!append_name(s, LOAD(dentry, d_name.name))) return 1;
    if (w->dentry == parent) {
        w->flags = (w->flags & ~REC_PATH_CUT) | REC_PATH_PSEUDO;
        return 1;
    }
    w->dentry = parent;
    return 0;
}

/*
 * Appends the components leaf to root, from what is in the slot's walk; userspace turns them round. The
 * offset lives in map memory, not in a register, which would multiply the states that the verifier has to
 * look at. Global and taking only numbers, so that it is verified once in a program wherever it is called:
 * the slot is looked up again.
 */
__noinline int walk_path(__u32 key, __u32 big) {
    struct slot* s;

    if (big) {
        s = bpf_map_lookup_elem(&big_slots, &key);
        barrier(); /* or both become one call, whose map is not known: that the kernel does not write out */
    } else {
        s = bpf_map_lookup_elem(&slots, &key);
    }
    if (!s || !s->walk.dentry || !s->walk.mount) return REC_PATH_ABSENT;
    struct walk* w = &s->walk;
    struct dentry* dentry = TYPED(struct dentry, w->dentry);
    struct mount* mount;

    w->mount -= bpf_core_field_offset(struct mount, mnt);
    mount = TYPED(struct mount, w->mount);
    w->top = (__u64)LOAD(mount, mnt.mnt_root);
    w->flags = REC_PATH_CUT;
    if (!LOAD(dentry, d_hash.pprev) && (__u64)LOAD(dentry, d_parent) != w->dentry)
        w->flags |= REC_PATH_DELETED;
    LOOP(WHODID_COMPONENTS_MAX, walk_step, &s);
    return w->flags;
}

static __always_inline void put_walked(struct slot* s, struct rec_path* to, __u64 mnt, __u64 dentry) {
    s->walk.mount = mnt;
    s->walk.dentry = dentry;
    to->off = s->off;
    to->flags = walk_path(s->key, s->big);
    to->len = s->off - to->off;
}

static __always_inline void put_path(struct slot* s, struct rec_path* to, struct path* from) {
    struct path* path = TYPED(struct path, from);

    put_walked(s, to, (__u64)LOAD(path, mnt), (__u64)LOAD(path, dentry));
}

/* A pointer that came as an argument, as a number. */
static __always_inline __u64 number(__u64* arg) {
    __u64 value = 0;

    bpf_probe_read_kernel(&value, sizeof(value), arg);
    return value;
}

static __always_inline void put_file_path(struct slot* s, struct rec_path* to, struct file* file) {
    if (!file) {
        to->flags = REC_PATH_ABSENT;
        return;
    }
    put_path(s, to, (void*)file + bpf_core_field_offset(struct file, f_path));
}

/* The string stays NUL terminated in the tail, len does not count the NUL. */
#define DEFINE_PUT_STR(name, read)                                                                      \
    static __always_inline void name(struct slot* s, struct rec_str* to, const void* from, __u32 max) { \
        __u64 off = s->off;                                                                             \
        if (!from || off >= SLOT_TAIL) return;                                                          \
        long n = read(&s->rec[off], max, from);                                                         \
        if (n < 0) return;                                                                              \
        if (n == 0) { /* what kernels before 6.18 say of an empty string, having written nothing */     \
            s->rec[off] = 0;                                                                            \
            n = 1;                                                                                      \
        }                                                                                               \
        to->off = off;                                                                                  \
        to->len = n - 1;                                                                                \
        s->off = off + (__u32)n;                                                                        \
    }
DEFINE_PUT_STR(put_user_str, bpf_probe_read_user_str)
DEFINE_PUT_STR(put_kernel_str, bpf_probe_read_kernel_str)

/* -1 when there is no string. */
static __always_inline int first_letter(struct slot* s, struct rec_str* str) {
    __u64 off = str->off;

    if (!off) return -1;
    asm volatile("%0 &= 0x3fff" : "+r"(off)); /* below SLOT_TAIL it is; the verifier forgot */
    return s->rec[off];
}

static __always_inline struct kernfs_node* kernfs_parent(struct kernfs_node* node) {
    struct kernfs_node___before_6_15* old = (void*)node;

    if (bpf_core_field_exists(old->parent)) return BPF_CORE_READ(old, parent);
    return BPF_CORE_READ(node, __parent);
}

#define CGROUP_COMPONENTS_MAX 16

struct cgroup_walk {
    struct slot* s;
    __u64 node;
    int flags;
};

static long cgroup_step(__u32 i, struct cgroup_walk* w) {
    struct kernfs_node* node = (void*)w->node;
    struct kernfs_node* parent = kernfs_parent(node);

    if (!parent) w->flags = 0;
    if (!parent || !append_name(w->s, (void*)BPF_CORE_READ(node, name))) return 1;
    w->node = (__u64)parent;
    return 0;
}

static __noinline int walk_cgroup(struct slot* s, struct kernfs_node* node) {
    struct cgroup_walk w = {.s = s, .node = (__u64)node, .flags = REC_PATH_CUT};

    if (!s) return REC_PATH_ABSENT;
    LOOP(CGROUP_COMPONENTS_MAX, cgroup_step, &w);
    return w.flags;
}

static __always_inline void put_cgroup(struct slot* s, struct rec_path* to, struct cgroup* cgroup) {
    struct kernfs_node* node = cgroup ? BPF_CORE_READ(cgroup, kn) : 0;

    to->off = s->off;
    to->flags = node ? walk_cgroup(s, node) : REC_PATH_ABSENT;
    to->len = s->off - to->off;
}

/* Both hierarchies: on hybrid hosts a container may be seen in one only. */
static __always_inline void put_cgroups(struct slot* s, struct rec_path* unified, struct rec_path* v1,
                                        struct task_struct* task) {
    struct css_set* set = BPF_CORE_READ(task, cgroups);
    struct cgroup_subsys_state* pids = 0;

    put_cgroup(s, unified, BPF_CORE_READ(set, dfl_cgrp));
    if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) return;
    int index = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
    bpf_probe_read_kernel(&pids, sizeof(pids),
                          (void*)set + bpf_core_field_offset(struct css_set, subsys) + index * sizeof(void*));
    put_cgroup(s, v1, BPF_CORE_READ(pids, cgroup));
}
