/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The task a process means by a number of its own pid namespace, or by a pidfd. The number alone would be
 * another process, or none, on the host. Programs run inside an RCU read section: what is found here is not
 * freed before they end.
 */
#pragma once

#include "syscall.bpf.h"

#define ANON_INODE_FS_MAGIC 0x09041934
#define PIDFS_MAGIC 0x50494446
/* lib/xarray.c: what a slot holds is a node when its lowest bits say so; a number has at most 22 bits. */
#define XA_TAG 2
#define XA_DEPTH_MAX 6

/* Null also when `pid` is none: whatever else a pointer leads to, no task leads back to it. */
static __always_inline struct task_struct* task_of_pid(struct pid* pid) {
    void* link = pid ? BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first) : 0;
    if (!link) return 0;
    struct task_struct* task = link - bpf_core_field_offset(struct task_struct, pid_links);
    return BPF_CORE_READ(task, thread_pid) == pid ? task : 0;
}

/* Of the caller: in `pid`, which has a number in each namespace from the initial one down to the caller's. */
static __always_inline struct upid* upid_at(struct pid* pid, unsigned int level) {
    return (void*)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
}

/* As find_vpid() does: down the tree of numbers. */
static __always_inline struct task_struct* task_of_number(pid_t number) {
    struct task_struct* caller = (void*)bpf_get_current_task();
    struct pid* own = BPF_CORE_READ(caller, thread_pid);
    unsigned int level = BPF_CORE_READ(own, level);
    struct pid_namespace* ns = BPF_CORE_READ(upid_at(own, level), ns);
    __u64 index = (__u32)number - BPF_CORE_READ(ns, idr.idr_base);
    __u64 slots = bpf_core_field_size(struct xa_node, slots) / sizeof(void*);
    __u64 entry = (__u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);

    for (int i = 0; i < XA_DEPTH_MAX && (entry & 3) == XA_TAG; i++) {
        struct xa_node* node = (void*)(entry - XA_TAG);
        __u64 slot = index >> BPF_CORE_READ(node, shift) & (slots - 1);

        entry = 0;
        bpf_probe_read_kernel(&entry, sizeof(entry),
                              (void*)node + bpf_core_field_offset(struct xa_node, slots) + slot * 8);
    }
    struct pid* pid = (void*)entry;
    /* A number too high for the tree has gone round in it. */
    if (!pid || (entry & 3) || BPF_CORE_READ(upid_at(pid, level), nr) != number) return 0;
    return task_of_pid(pid);
}

/* The inode has it since 6.9, when pidfds got a file system of their own. */
static __always_inline struct task_struct* task_of_pidfd(int fd) {
    struct file* file = file_of(fd);
    unsigned long magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);

    if (magic == PIDFS_MAGIC) return task_of_pid(BPF_CORE_READ(file, f_inode, i_private));
    return magic == ANON_INODE_FS_MAGIC ? task_of_pid(BPF_CORE_READ(file, private_data)) : 0;
}

static __always_inline void fill_target(struct rec_target* to, struct task_struct* task) {
    if (!task) return;
    to->tgid = BPF_CORE_READ(task, tgid);
    to->tid = BPF_CORE_READ(task, pid);
    to->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
}
