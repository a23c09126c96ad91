/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Signals that processes send to a sensor: who stops it, or tries to. */

#include "path.bpf.h"
#include "pid.bpf.h"

/* In place of a pointer to the details: the kernel's own signal, as a terminal's for Ctrl-C is. */
#define SEND_SIG_PRIV 1

/*
 * A process' signals have no details or a code up to 0: the kernel takes no other one from it. What a child's
 * end, a terminal or a fault sends is above.
 */
static __always_inline int is_from_process(__u64 info) {
    if (info == SEND_SIG_PRIV) return 0;
    return !info || BPF_CORE_READ((struct kernel_siginfo*)info, si_code) <= 0;
}

/* Called with the target's lock held, also from interrupts: no slot. A signal that is refused never comes. */
SEC("tp_btf/signal_generate")
int on_signal(__u64* arg) {
    struct task_struct* target = (void*)number(arg + 2);

    if (!is_guarded(target, BPF_CORE_READ(target, tgid)) || !is_from_process(number(arg + 1))) return 0;
    if (!notice(REC_RAW_SIGNAL)) return 0;
    struct rec_signal* r = reserve(&vital_ring, struct rec_signal, REC_RAW_SIGNAL);
    if (!r) return 0;
    begin_current(&r->h, 0);
    fill_target(&r->target, target);
    r->signal = arg[0];
    submit(&vital_ring, r, REC_RAW_SIGNAL, sizeof(*r));
    return 0;
}
