/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Credentials set by the process itself. Which of them differ from before is userspace's to say: it knows
 * what the process had. setfsuid and setfsgid have no hook: they return the old id and no error, so nothing
 * at their exit tells success, and file servers call them twice for every request; fsuid is in every record
 * anyway.
 */

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
 * The login of record, the moment it is set. Elsewhere the process' next act tells: to compare at every
 * write(2), by which it is set, would tax them all. 5.10 takes no program here, for the structure that is
 * passed by value.
 */
SEC("?fexit/audit_set_loginuid")
int fexit_audit_set_loginuid(__u64* ctx) {
    return report_credentials(&(struct call_exit){.regs = syscall_regs(), .result = (__s32)ctx[1]});
}
