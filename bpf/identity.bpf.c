/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Credentials that change in a process. Which of them differ from before is userspace's to say: it knows
 * what the process had. setfsuid and setfsgid have no hook: they return the old id and no error, so nothing
 * at their exit tells success, and file servers call them twice for every request; fsuid is in every record
 * anyway.
 */

#include "path.bpf.h"
#include "syscall.bpf.h"

static __noinline int report_credentials(const struct call_exit* call) {
    if (!call || call->result) return 0;
    if (!notice_always(REC_RAW_CREDENTIALS)) return 0;
    struct rec_credentials* r = reserve(&vital_ring, struct rec_credentials, REC_RAW_CREDENTIALS);
    if (!r) return 0;
    begin(&r->h, 0);
    fill_task_full(&r->h.task, (void*)bpf_get_current_task());
    r->syscall = call_number(call);
    if (call->compat) r->h.flags |= REC_F_COMPAT;
    submit(&vital_ring, r, REC_RAW_CREDENTIALS, sizeof(*r));
    return 0;
}

ON_EXIT(setuid) { return report_credentials(ctx); }
ON_EXIT(setreuid) { return report_credentials(ctx); }
ON_EXIT(setresuid) { return report_credentials(ctx); }
ON_EXIT(setgid) { return report_credentials(ctx); }
ON_EXIT(setregid) { return report_credentials(ctx); }
ON_EXIT(setresgid) { return report_credentials(ctx); }
ON_EXIT(capset) { return report_credentials(ctx); }

/*
 * Any change of them, whichever call made it, also where no call should: replaces the hooks above where a
 * kernel takes it. At the entry, when the old ones are still there to compare with: a file server's setfsuid
 * for every request changes none of these. An exec tells its own.
 */
static __always_inline int is_told_otherwise(struct task_struct* task) {
    return BPF_CORE_READ(task, flags) & PF_KTHREAD || BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

static __always_inline int differ(const struct rec_task* a, const struct rec_task* b) {
    return a->uid != b->uid || a->euid != b->euid || a->suid != b->suid || a->gid != b->gid ||
           a->egid != b->egid || a->sgid != b->sgid || a->cap_effective != b->cap_effective;
}

SEC("?fentry/commit_creds")
int fentry_commit_creds(__u64* ctx) {
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    const struct cred* next = TYPED(struct cred, number(ctx));
    struct rec_task before = {}, after = {};

    if (is_told_otherwise(task)) return 0;
    fill_credentials(&before, LOAD(task, real_cred));
    fill_credentials(&after, next);
    if (!differ(&before, &after) || !notice_always(REC_RAW_CREDENTIALS)) return 0;
    struct rec_credentials* r = reserve(&vital_ring, struct rec_credentials, REC_RAW_CREDENTIALS);
    if (!r) return 0;
    begin(&r->h, 0);
    fill_task_full(&r->h.task, task);
    fill_credentials(&r->h.task, next);
    fill_user_namespace(&r->h.task, LOAD(next, user_ns));
    r->syscall = call_number(&(struct call_exit){.regs = syscall_regs()});
    submit(&vital_ring, r, REC_RAW_CREDENTIALS, sizeof(*r));
    return 0;
}

/*
 * The login of record, the moment it is set. Elsewhere the process' next act tells: to compare at every
 * write(2), by which it is set, would tax them all. 5.10 takes no program here, for the structure that is
 * passed by value.
 */
SEC("?fexit/audit_set_loginuid")
int fexit_audit_set_loginuid(__u64* ctx) {
    return report_credentials(&(struct call_exit){.regs = syscall_regs(), .result = (__s32)ctx[1]});
}
