/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One process takes hold of another: to debug it, or to read, change or empty it. */

#include "path.bpf.h"
#include "pid.bpf.h"

/* include/uapi/linux/ptrace.h; the two SETs of registers are x86's. */
#define PTRACE_TRACEME 0
#define PTRACE_POKETEXT 4
#define PTRACE_POKEDATA 5
#define PTRACE_POKEUSR 6
#define PTRACE_SETREGS 13
#define PTRACE_SETFPREGS 15
#define PTRACE_ATTACH 16
#define PTRACE_SETREGSET 0x4205
#define PTRACE_SEIZE 0x4206
#define PTRACE_SET_SYSCALL_INFO 0x4212

/*
 * A debugger pokes at every breakpoint and attaches to every thread: that a process did this to another one
 * is told once in this time, worked and failed apart.
 */
#define HOLD_AGAIN_NS 10000000000ull

struct hold {
    __u64 caller_start_ns, target_start_ns;
    __u32 caller, target, operation, failed;
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, struct hold);
    __type(value, __u64);
} holds SEC(".maps");

static __always_inline int is_told(struct rec_ptrace* r) {
    struct hold key = {.caller_start_ns = r->h.task.start_ns,
                       .target_start_ns = r->target.start_ns,
                       .caller = r->h.task.tgid,
                       .target = r->target.tgid,
                       .operation = r->operation,
                       .failed = r->h.result < 0};
    __u64* told_ns = bpf_map_lookup_elem(&holds, &key);

    if (told_ns && r->h.boot_ns - *told_ns < HOLD_AGAIN_NS) return 1;
    bpf_map_update_elem(&holds, &key, &r->h.boot_ns, BPF_ANY);
    return 0;
}

/* The target is found at the exit: who is held stays, and a number is used again much later only. */
static __always_inline int report_hold(const struct call_exit* call, __u32 operation,
                                       struct task_struct* target, int asked) {
    struct slot* s = slot_claim(REC_PROCESS_PTRACE, sizeof(struct rec_ptrace));

    if (!s) return 0;
    struct rec_ptrace* r = (void*)s->rec;

    begin_call(&r->h, call);
    fill_target(&r->target, target);
    r->operation = operation;
    r->asked = asked;
    r->path.flags = REC_PATH_ABSENT;
    if (is_told(r)) {
        folded(REC_PROCESS_PTRACE);
        slot_release(s);
        return 0;
    }
    if (operation == REC_HOLD_GETFD && call->result >= 0) put_file_path(s, &r->path, file_of(call->result));
    emit_vital(s, REC_PROCESS_PTRACE);
    return 0;
}

/* 0: looks, goes on, lets go: a debugger does thousands of these, and none without taking hold first. */
static __always_inline __u32 hold_of(unsigned long request) {
    switch (request) {
        case PTRACE_ATTACH:
            return REC_HOLD_ATTACH;
        case PTRACE_SEIZE:
            return REC_HOLD_SEIZE;
        case PTRACE_TRACEME:
            return REC_HOLD_TRACEME;
        case PTRACE_POKETEXT:
        case PTRACE_POKEDATA:
            return REC_HOLD_POKE;
        case PTRACE_POKEUSR:
        case PTRACE_SETREGSET:
        case PTRACE_SET_SYSCALL_INFO:
#if !defined(__TARGET_ARCH_arm64)
        case PTRACE_SETREGS:
        case PTRACE_SETFPREGS:
#endif
            return REC_HOLD_SETREGS;
        default:
            return 0;
    }
}

ON_EXIT(ptrace) {
    __u32 operation = hold_of(call_arg(ctx, 0));
    int asked = call_arg(ctx, 1);

    if (interrupted(ctx->result) || !notice(REC_PROCESS_PTRACE)) return 0;
    if (!operation) {
        gated(REC_PROCESS_PTRACE);
        return 0;
    }
    if (operation == REC_HOLD_TRACEME) return report_hold(ctx, operation, (void*)bpf_get_current_task(), 0);
    return report_hold(ctx, operation, task_of_number(asked), asked);
}

static __noinline int report_memory(const struct call_exit* call, __u32 operation) {
    int asked = call_arg(call, 0);

    if (!notice(REC_PROCESS_PTRACE)) return 0;
    return report_hold(call, operation, task_of_number(asked), asked);
}

ON_EXIT(process_vm_readv) { return report_memory(ctx, REC_HOLD_READ); }
ON_EXIT(process_vm_writev) { return report_memory(ctx, REC_HOLD_WRITE); }

ON_EXIT(pidfd_getfd) /* 5.6 */
{
    if (!notice(REC_PROCESS_PTRACE)) return 0;
    return report_hold(ctx, REC_HOLD_GETFD, task_of_pidfd(call_arg(ctx, 0)), 0);
}
