/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate: acts that nobody wants to be told of are counted and dropped, before they cost more than that.
 * What userspace needs whatever the filters say is left alone by those who ask here.
 */
#pragma once

#include "task.bpf.h"

#define GATE_ANSWERS (1 << WHODID_GATE_TESTS)

/* What is known of an act, and which tests it has met. Small: kernels before 6.13 count the stack of a chain
 * of calls. */
struct gate_facts {
    __u64 peer;
    __u32 login, euid, pid, error;
    __u16 peer_port, local_port;
    __u32 answers;
};

static __always_inline void set_facts(struct gate_facts* f, const struct rec_task* who, __s64 result) {
    f->login = who->loginuid;
    f->euid = who->euid;
    f->pid = who->tgid;
    f->error = result < 0 ? -result : 0;
}

/* Of the thread that runs now. Returns its audit session. */
static __noinline __u32 set_current_facts(struct gate_facts* f, __s64 result) {
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    struct rec_task who = {};

    fill_audit(&who, task);
    who.euid = LOAD(task, cred, euid.val);
    who.tgid = bpf_get_current_pid_tgid() >> 32;
    set_facts(f, &who, result);
    return who.sessionid;
}

#ifdef WHODID_NO_CAS /* one loop more */
static __always_inline int has_gate(__u32 row) { return 0; }
static __always_inline int has_gate_for(__u32 row, __s64 result) { return 0; }
static __always_inline int gates(__u32 kind, __u32 row, struct gate_facts* facts) { return 0; }
#else
static __always_inline int has_gate(__u32 row) {
    const struct rec_policy* p = policy();
    return p && p->gate.rows >> row & 1;
}

/* The same, of an act with this result: most rows drop no success, and most acts are. */
static __always_inline int has_gate_for(__u32 row, __s64 result) {
    const struct rec_policy* p = policy();
    return p && (result < 0 ? p->gate.rows : p->gate.successes) >> row & 1;
}

static __always_inline __u64 fact_of(const struct gate_facts* f, __u32 fact) {
    switch (fact) {
        case REC_FACT_LOGIN:
            return f->login;
        case REC_FACT_EUID:
            return f->euid;
        case REC_FACT_PID:
            return f->pid;
        case REC_FACT_ERROR:
            return f->error;
        case REC_FACT_PEER_PORT:
            return f->peer_port;
        case REC_FACT_LOCAL_PORT:
            return f->local_port;
        default:
            return f->peer;
    }
}

static long answer_by(__u32 i, struct gate_facts* f) {
    const struct rec_policy* p = policy();

    if (!p || i >= p->gate.used) return 1;
    const struct rec_range* range = &p->gate.ranges[i % WHODID_GATE_RANGES];
    __u64 fact = fact_of(f, range->fact);

    if (fact >= range->low && fact <= range->high) f->answers |= 1u << range->test % 32;
    return 0;
}

/* Whether the act is dropped; then it is counted so. */
static __always_inline int gates(__u32 kind, __u32 row, struct gate_facts* facts) {
    LOOP(WHODID_GATE_RANGES, answer_by, facts);
    const struct rec_policy* p = policy();
    __u32 answers = facts->answers;

    if (!p) return 0;
    __u32 drops = p->gate.drop[row % REC_GATE_ROWS][answers / 32 % (GATE_ANSWERS / 32)];
    if (!(drops >> answers % 32 & 1)) return 0;
    gated(kind % WHODID_KIND_MAX);
    return 1;
}
#endif
