/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who: fills rec_task. */
#pragma once

#include "emit.bpf.h"

#define PF_KTHREAD 0x00200000

static __always_inline void fill_audit(struct rec_task* to, struct task_struct* task) {
    struct task_struct___audit* apart = (void*)task;

    to->loginuid = to->sessionid = REC_UNSET; /* never 0: that is root */
    if (bpf_core_field_exists(task->loginuid)) {
        to->loginuid = LOAD(task, loginuid.val);
        to->sessionid = LOAD(task, sessionid);
    } else if (bpf_core_field_exists(apart->audit)) {
        to->loginuid = BPF_CORE_READ(apart, audit, loginuid.val);
        to->sessionid = BPF_CORE_READ(apart, audit, sessionid);
    } else {
        to->flags |= REC_TASK_NO_AUDIT;
    }
}

static __always_inline void fill_credentials(struct rec_task* to, const struct cred* cred) {
    to->uid = LOAD(cred, uid.val);
    to->gid = LOAD(cred, gid.val);
    to->suid = LOAD(cred, suid.val);
    to->sgid = LOAD(cred, sgid.val);
    to->euid = LOAD(cred, euid.val);
    to->egid = LOAD(cred, egid.val);
    to->fsuid = LOAD(cred, fsuid.val);
    to->fsgid = LOAD(cred, fsgid.val);
    if (bpf_core_field_exists(cred->cap_effective.val))
        to->cap_effective = LOAD(cred, cap_effective.val);
    else /* two words of 32 bits, before 6.3 */
        bpf_core_read(&to->cap_effective, sizeof(__u64), &cred->cap_effective);
}

/* What changes from act to act; the rest is known from the process' fork and exec. */
static __always_inline void fill_task(struct rec_task* to, struct task_struct* who) {
    struct task_struct* task = TYPED(struct task_struct, who);

    to->start_ns = LOAD(task, group_leader, start_boottime);
    to->tgid = LOAD(task, tgid);
    to->tid = LOAD(task, pid);
    fill_audit(to, task);
    fill_credentials(to, LOAD(task, cred));
}

static __always_inline void fill_user_namespace(struct rec_task* to, struct user_namespace* user_ns) {
    to->user_ns = BPF_CORE_READ(user_ns, ns.inum);
    to->flags &= ~REC_TASK_INIT_USER_NS;
    if (!BPF_CORE_READ(user_ns, parent)) /* only the initial one has none */
        to->flags |= REC_TASK_INIT_USER_NS;
}

static __always_inline void fill_namespaces(struct rec_task* to, struct task_struct* task) {
    fill_user_namespace(to, BPF_CORE_READ(task, cred, user_ns));
    struct nsproxy* ns = BPF_CORE_READ(task, nsproxy);
    if (!ns) /* a task on its way out */
        return;
    to->mount_ns = BPF_CORE_READ(ns, mnt_ns, ns.inum);
    to->net_ns = BPF_CORE_READ(ns, net_ns, ns.inum);
}

static __always_inline void fill_task_full(struct rec_task* to, struct task_struct* task) {
    struct task_struct* parent = BPF_CORE_READ(task, group_leader, real_parent);

    fill_task(to, task);
    to->flags |= REC_TASK_FULL;
    if (BPF_CORE_READ(task, flags) & PF_KTHREAD) to->flags |= REC_TASK_KTHREAD;
    to->parent_tgid = BPF_CORE_READ(parent, tgid);
    to->parent_start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
    to->session_leader = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID], numbers[0].nr);
    to->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
    fill_namespaces(to, task);
    BPF_CORE_READ_STR_INTO(&to->comm, task, comm);
}

static __always_inline void begin(struct rec_hdr* h, __s32 result) {
    h->boot_ns = bpf_ktime_get_boot_ns();
    h->result = result;
}

/* The act of the thread that runs now. */
static __always_inline void begin_current(struct rec_hdr* h, __s32 result) {
    begin(h, result);
    fill_task(&h->task, (void*)bpf_get_current_task());
}
